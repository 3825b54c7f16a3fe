"""What lies over a screen: forms, a choice by one key, long texts, the table of keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static, TextArea

from seedbed.core.errors import SeedbedError
from seedbed.frontends.cli.output import error_line, safe
from seedbed.frontends.tui.lists import PagedList, Pane
from seedbed.frontends.tui.texts import FullLines

KEYS = "1234567890abcdefghijklmnopqrstuvwxyz"
"""Keys of a choice, in order."""

Save = Callable[[dict[str, str]], Mapping[str, str]]
"""Takes what was typed, by field; problems by field, ``""`` for the whole, nothing when it is done."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form.

    Attributes:
        name: key of its value.
        value: what is in it at first.
        hint: what belongs in it.
        tall: several lines.
        locked: shown, but not to be changed here.
    """

    name: str
    value: str = ""
    hint: str = ""
    tall: bool = False
    locked: bool = False


class FormScreen(ModalScreen[bool]):
    """Fields to fill in; closes with ``True`` once what was typed is saved, and loses nothing before.

    Args:
        heading: what the form is about.
        fields: from top to bottom.
        save: called with what was typed.
    """

    DEFAULT_CSS = """
    FormScreen { align: center middle; }
    FormScreen > VerticalScroll {
        width: 90%; max-width: 110; height: auto; max-height: 90%; padding: 0 1; border: round $primary;
        background: $surface;
    }
    FormScreen Static { height: auto; }
    FormScreen Input, FormScreen TextArea { background: $boost; margin-bottom: 1; }
    FormScreen TextArea { height: auto; min-height: 2; max-height: 10; }
    FormScreen .problem { color: $text-error; display: none; }
    """
    AUTO_FOCUS = "Input, TextArea"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("escape", "leave", "Leave", priority=True),
    ]

    def __init__(self, heading: str, fields: Sequence[FormField], save: Save) -> None:
        super().__init__()
        self.heading, self.fields, self.save = heading, fields, save
        self._warned = False

    def compose(self) -> ComposeResult:
        """Label, hint, value and problem of each field."""
        with VerticalScroll(can_focus=False) as box:
            box.border_title = Text(safe(self.heading))
            for i, field in enumerate(self.fields):
                yield Static(Text(safe(field.name), "bold").append(f"  {safe(field.hint)}", "dim"))
                if field.locked:
                    yield Static(Text(field.value, "dim"))
                elif field.tall:
                    yield TextArea(field.value, id=f"field{i}", compact=True)
                else:
                    yield Input(field.value, id=f"field{i}", compact=True)
                yield Static(markup=False, classes="problem", id=f"problem{i}")
            yield Static(markup=False, classes="problem", id="problem")
            box.border_subtitle = "Ctrl+S saves · Esc leaves"

    def values(self) -> dict[str, str]:
        """What was typed, by field; locked ones left out."""
        typed: dict[str, str] = {}
        for i, field in enumerate(self.fields):
            if not field.locked:
                widget = self.query_one(f"#field{i}")
                typed[field.name] = widget.text if isinstance(widget, TextArea) else getattr(widget, "value", "")
        return typed

    def action_save(self) -> None:
        """Save, and show what is wrong beside its field."""
        try:
            problems = self.save(self.values())
        except SeedbedError as error:
            problems = {"": error_line(error)}
        if not problems:
            self.dismiss(True)
            return
        names = [f.name for f in self.fields]
        own = {n: p for n, p in problems.items() if n in names}
        for i, name in enumerate(names):
            self._tell(f"#problem{i}", own.get(name, ""))
        self._tell("#problem", "; ".join(p for n, p in problems.items() if n not in own))
        if own:
            self.query_one(f"#field{names.index(next(n for n in names if n in own))}").focus()

    def _tell(self, where: str, problem: str) -> None:
        line = self.query_one(where, Static)
        line.display = bool(problem)
        line.update(Text(safe(problem)))

    def action_leave(self) -> None:
        """Leave; what was typed is only thrown away when asked twice."""
        changed = self.values() != {f.name: f.value for f in self.fields if not f.locked}
        if changed and len(self.fields) > 1 and not self._warned:
            self._warned = True
            self._tell("#problem", "not saved: Esc again throws it away, Ctrl+S saves it")
        else:
            self.dismiss(False)

    def on_input_submitted(self) -> None:
        """Enter saves a form of one field, and goes on in others."""
        if len(self.fields) == 1:
            self.action_save()
        else:
            self.focus_next()


class ChoiceScreen(ModalScreen[tuple[str, ...] | None]):
    """One of several words by one key: ``(word,)``, ``()`` for Enter, ``None`` for Esc.

    After a blank each key marks its word or unmarks it, and Enter takes all that are marked.

    Args:
        heading: what is asked.
        words: in the order of ``KEYS``.
        none: what Enter means without any.
    """

    DEFAULT_CSS = """
    ChoiceScreen { align: center middle; }
    ChoiceScreen > VerticalScroll {
        width: auto; max-width: 90%; height: auto; max-height: 100%; padding: 0 2; border: round $primary;
        background: $surface;
    }
    ChoiceScreen Static { width: auto; height: auto; }
    """
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, heading: str, words: Sequence[str], *, none: str) -> None:
        super().__init__()
        self.heading, self.words, self.none = heading, words, none
        self.marked: set[str] | None = None
        self.lines = Static(markup=False)

    def compose(self) -> ComposeResult:
        """A line for each word."""
        with VerticalScroll() as box:
            box.border_title = Text(safe(self.heading))
            yield self.lines
        self._show()

    def _show(self) -> None:
        text = Text()
        for key, word in zip(KEYS, self.words, strict=False):
            mark = "" if self.marked is None else "✓ " if word in self.marked else "  "
            text.append(mark, "green").append(f"{key} ", "bold").append(f"{safe(word)}\n")
        keys = f"Enter {self.none} · Space several" if not self.marked else f"Enter takes {len(self.marked)}"
        self.lines.update(text.append(f"{keys} · Esc back", "dim"))

    def on_key(self, event: events.Key) -> None:
        """Choose."""
        at = KEYS.find(event.character) if event.character else -1
        if event.key == "escape":
            self.dismiss(None)
        elif event.key == "enter":
            self.dismiss(tuple(word for word in self.words if word in (self.marked or ())))
        elif event.key == "space":
            self.marked = self.marked or set()
            self._show()
        elif 0 <= at < len(self.words):
            self._take(self.words[at])
        else:
            return
        event.stop()

    def _take(self, word: str) -> None:
        if self.marked is None:
            self.dismiss((word,))
        else:
            self.marked ^= {word}
            self._show()


class _Lines:
    """Lines of a text as rows of a list, wrapped to the width of the screen."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        self._width, self._wrapped = 0, FullLines({}, 80)

    def __len__(self) -> int:
        return len(self._wrapped)

    def wrap(self, width: int) -> None:
        """Wrap to another width."""
        if width != self._width:
            self._width, self._wrapped = width, FullLines(self._content, width)

    def line(self, index: int, width: int) -> Text:
        """One line."""
        line: Text = self._wrapped[index]
        return line


class TextScreen(ModalScreen[None]):
    """All of a content, however long; only lines on the screen are drawn.

    Args:
        heading: what it is.
        content: fields.
    """

    DEFAULT_CSS = "TextScreen > PagedList { border: round $primary; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,x", "dismiss", "Back")]

    def __init__(self, heading: str, content: Mapping[str, Any]) -> None:
        super().__init__()
        self.heading, self.lines = heading, _Lines(content)

    def compose(self) -> ComposeResult:
        """The lines."""
        listed = PagedList(self.lines)
        listed.border_title = Text(safe(self.heading))
        listed.border_subtitle = "Esc back"
        yield listed

    def on_resize(self) -> None:
        """Wrap anew."""
        self.call_after_refresh(self._wrap)

    def _wrap(self) -> None:
        listed = self.query_one(PagedList)
        self.lines.wrap(listed.scrollable_content_region.width)
        listed.reload()


class HelpScreen(ModalScreen[None]):
    """What the keys do.

    Args:
        keys: what each does, in order.
    """

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > Vertical { width: 78; height: auto; max-height: 90%; border: round $primary; background: $surface; }
    HelpScreen Pane { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss", "Back")]

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__()
        self.keys = keys

    def compose(self) -> ComposeResult:
        """A line for each key."""
        with Vertical() as box:
            box.border_title = "Keys"
            yield Pane()

    def on_mount(self) -> None:
        """Fill in."""
        text = Text()
        for key, does in self.keys.items():
            text.append(f"{key:<16}", "bold").append(f"{does}\n")
        self.query_one(Pane).show(text)
