"""Screens for people at a terminal: review, the tree, the history. Textual is loaded when one is opened."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from textual.app import App

    from seedbed.dataset.handle import Dataset


def run_review(
    dataset: Dataset,
    reviewer: str = "human",
    *,
    adjudicate: bool = False,
    session: str | None = None,
    **wanted: Any,
) -> None:
    """Show the queue until the reviewer leaves; every decision is saved when it is made. Calls no language model.

    Args:
        dataset: open for writing.
        reviewer: ``human:NAME``.
        adjudicate: settle disagreements of other reviewers.
        session: name of the sitting in the log; default one of its own.
        **wanted: which entries, see ``dataset.reviews.QueueOptions``.

    Raises:
        MissingExtraError: textual is not installed.
        InputError: this is no terminal, or the reviewer is not called like one.
        UnknownNameError: no such topic, kind or state.
    """
    _require("the review screen")
    from seedbed.frontends.tui.review import ReviewApp
    from seedbed.frontends.tui.sitting import Sitting

    _run(ReviewApp(Sitting(dataset, reviewer=reviewer, adjudicate=adjudicate, session=session, **wanted)))


def run_tree(dataset: Dataset, root: str | None = None) -> None:
    """Show the tree, or the part below ``root``, and its entries until the reader leaves; changes nothing.

    Raises:
        MissingExtraError: textual is not installed.
        InputError: this is no terminal.
        UnknownNameError: no such topic.
    """
    _require("the tree screen")
    from seedbed.frontends.tui.tree import TreeApp

    _run(TreeApp(dataset, root))


def run_undo(dataset: Dataset, *, actor: str = "human") -> None:
    """Show the history, and take back what is chosen, until the user leaves.

    Args:
        dataset: open for writing.
        actor: who undoes, for the history.

    Raises:
        MissingExtraError: textual is not installed.
        InputError: this is no terminal.
    """
    _require("the undo screen")
    from seedbed.frontends.tui.undo import UndoApp

    _run(UndoApp(dataset, actor=actor))


def _require(feature: str) -> None:
    if find_spec("textual") is None:
        raise MissingExtraError(feature, "tui")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(f"{feature} needs a terminal", fix="leave -i away", code="no_terminal")


def _run(app: App[None]) -> None:
    app.run()
