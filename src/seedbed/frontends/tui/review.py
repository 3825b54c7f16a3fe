"""The review screen: the queue above, one entry beside its closest ones below, one key a decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Static

from seedbed.core.errors import SeedbedError
from seedbed.core.records import Neighbour
from seedbed.dataset.review.reviews import ReviewItem
from seedbed.frontends.cli.output import error_line, safe, verdict_line
from seedbed.frontends.tui.editing import EntryForm
from seedbed.frontends.tui.filters import filter_fields, parsed_filter
from seedbed.frontends.tui.forms import ChoiceScreen, FormField, FormScreen, HelpScreen, TextScreen
from seedbed.frontends.tui.lists import PagedList, Pane
from seedbed.frontends.tui.sitting import Filters, Sitting
from seedbed.frontends.tui.texts import cell, pair_lines, row_text, side_by_side, stacked

KEYS = {
    "a": "approve",
    "r, then a digit": "reject for that reason; Enter for none, Space for several",
    "e": "edit; checked before it is saved",
    "o": "note for your decision",
    "u": "take back what you did last",
    "s": "on to the next one without a decision",
    "n p": "next, previous neighbour",
    "j k ↓ ↑": "down, up; PgDn PgUp a screen, g G first and last",
    "/": "search",
    "f": "filter by topic, state, reason, score",
    "x X": "the whole entry; the whole neighbour",
    "Tab": "to the entry, to scroll it, and back to the queue",
    "F5": "read the queue anew",
    "?": "these keys",
    "q": "leave; everything is saved already",
}
COUNT_S = 2.0
"""Seconds between looks at what others decided."""

MARKS = {"approve": ("✓", "green"), "reject": ("✗", "red")}


class QueueRows:
    """The queue as rows of a list.

    Args:
        sitting: whose.
    """

    def __init__(self, sitting: Sitting) -> None:
        self._sitting = sitting

    def __len__(self) -> int:
        return len(self._sitting)

    def line(self, index: int, width: int) -> Text:
        """What was said, beginning of the text, topic, score, and why it is here."""
        try:
            row = self._sitting.row(index)
        except SeedbedError as error:
            return Text(row_text(error_line(error), width), "red")
        if row is None:
            return Text("  (gone)", "dim")
        said = self._sitting.said.get(row.id, "")
        mark, style = MARKS.get(said.partition(" ")[0], ("·" if row.decided else " ", ""))
        why = said.partition(" ")[2] or row.why
        score = f"{row.score:.3g}" if row.score is not None else ""
        room = max(12, width - 9)
        topic, text = room // 5, room // 2
        return Text.assemble(
            (f"{mark} ", style),
            f"{cell(row.text, text)} ",
            (f"{cell(row.topic, topic)} ", "dim"),
            f"{score:>4} ",
            (row_text(why, max(1, room - topic - text - 2)), "dim"),
        )


class ReviewApp(App[None]):
    """The queue of one sitting.

    Args:
        sitting: of one reviewer.
    """

    CSS = """
    #status { height: 1; background: $panel; padding: 0 1; }
    #queue { height: 2fr; }
    #entry { height: 3fr; border-top: solid $primary; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "approve", "Approve"),
        Binding("r", "reject", "Reject"),
        Binding("e", "edit", "Edit"),
        Binding("u", "undo", "Undo"),
        Binding("s", "skip", "Skip"),
        Binding("n", "neighbour(1)", "Neighbour"),
        Binding("p", "neighbour(-1)", show=False),
        Binding("question_mark", "help", "Help"),
        Binding("q", "quit", "Quit"),
        Binding("o", "note", "Note"),
        Binding("slash", "search", "Search"),
        Binding("f", "filter", "Filter"),
        Binding("x", "whole('entry')", "Full"),
        Binding("X", "whole('neighbour')", show=False),
        Binding("f5", "reopen", show=False),
    ]

    def __init__(self, sitting: Sitting) -> None:
        super().__init__()
        self.sitting = sitting
        self.item: ReviewItem | None = None
        self.chosen = 0
        # Held rather than looked up: messages may still come when the screen is going away.
        self.status = Static(id="status", markup=False)
        self.queue = PagedList(QueueRows(sitting), id="queue")
        self.pane = Pane(id="entry")

    def compose(self) -> ComposeResult:
        """Counter, queue, entry, keys."""
        yield self.status
        yield self.queue
        yield self.pane
        yield Footer()

    def on_mount(self) -> None:
        """Start in the queue; what others decide is counted meanwhile."""
        self.queue.focus()
        self.set_interval(COUNT_S, self._count)

    # -- showing -----------------------------------------------------------------------------------------------

    def on_paged_list_moved(self) -> None:
        """Another entry is under the cursor."""
        before = self.item.entry.id if self.item else None
        try:
            self.item = self.sitting.closely(self.queue.cursor) if len(self.sitting) else None
        except SeedbedError as error:
            self.item = None
            self.tell(error_line(error), bad=True)
        if self.item is None or self.item.entry.id != before:
            self.chosen = 0
        self.show_entry()

    def neighbour(self) -> Neighbour | None:
        """The neighbour that is looked at."""
        near = self.item.neighbours if self.item else ()
        return near[self.chosen % len(near)] if near else None

    def show_entry(self) -> None:
        """Counter and entry as they are now."""
        self.status.update(_status(self.sitting))
        if self.item is None:
            gone = "this entry is gone" if len(self.sitting) else "nothing waits for review here"
            self.pane.show(Text(gone, "dim"))
            return
        neighbour = self.neighbour()
        fields = side_by_side(self.item.entry.content, neighbour)
        about = _about(self.item, self.sitting.notes.get(self.item.entry.id, ""))
        self.pane.show(stacked(_heads(self.item, neighbour, self.chosen), fields, about))

    def _count(self) -> None:
        try:
            self.sitting.count()
        except SeedbedError:  # busy, or a topic of the filter is gone: the next key tells
            return
        self.status.update(_status(self.sitting))

    def tell(self, text: str, *, bad: bool = False) -> None:
        """A message that goes away by itself."""
        self.notify(safe(text), severity="error" if bad else "information", markup=False)

    def reopen(self, wanted: Filters) -> None:
        """Read the queue anew, the cursor on the same entry where it still is; raises ``SeedbedError``."""
        here = self.item.entry.id if self.item else None
        self.sitting.open(wanted)
        row = self.sitting.where(here) if here else None
        self.queue.reload(row or 0)

    # -- deciding ----------------------------------------------------------------------------------------------

    def _seen(self) -> ReviewItem | None:
        """The entry on the screen; a key typed ahead, while another one is on its way there, decides nothing."""
        if self.item is None or self.item.entry.id != self.sitting.id(self.queue.cursor):
            return None
        return self.item

    def action_approve(self) -> None:
        """Approve, and go on."""
        if (item := self._seen()) is not None:
            self._decide(item, "approve", ())

    def action_reject(self) -> None:
        """Ask for the reason, reject, and go on."""
        item = self._seen()
        if item is None:
            return

        def reject(reasons: tuple[str, ...] | None) -> None:
            if reasons is not None:
                self._decide(item, "reject", reasons)

        self.push_screen(ChoiceScreen("Reject: why?", self.sitting.reasons, none="without a reason"), reject)

    def _decide(self, item: ReviewItem, decision: str, reasons: tuple[str, ...]) -> None:
        try:
            result = self.sitting.decide(item, decision, reasons)
        except SeedbedError as error:
            self.tell(error_line(error), bad=True)
            return
        if "code" in result:
            self.tell(f"{result['code']}: {result['reason']}", bad=True)
            self.queue.reload()
            return
        if result.get("disputed"):
            self.tell("saved; other reviewers disagree")
        self.queue.refresh_line(self.queue.cursor)
        self.action_skip()

    def action_skip(self) -> None:
        """On to the next entry that nothing was said about."""
        row = self.sitting.next_open(self.queue.cursor)
        if row is not None:
            self.queue.cursor = row
            return
        self.queue.reload()
        more = ", F5 reads the queue anew" if self.sitting.left else ""
        self.tell(f"the end: {self.sitting.left} left{more}")

    def action_undo(self) -> None:
        """Take back what was saved last, and go there."""
        try:
            step = self.sitting.undo()
        except SeedbedError as error:
            self.tell(error_line(error), bad=True)
            return
        if step is None:
            self.tell("nothing was decided in this sitting")
            return
        self.tell(f"taken back: {step.did} {step.entry_id}")
        self.queue.reload(self.sitting.where(step.entry_id))

    def action_note(self) -> None:
        """Write a note that goes with the decision."""
        item = self.item
        if item is None:
            return
        own = next((d.note for d in reversed(item.decisions) if d.reviewer == self.sitting.reviewer), "")
        field = FormField("note", self.sitting.notes.get(item.entry.id, own), "Enter keeps it for your decision")

        def save(values: dict[str, str]) -> dict[str, str]:
            result = self.sitting.note(item, values["note"])
            return {"note": result["reason"]} if result and "code" in result else {}

        self.push_screen(FormScreen("Note", [field], save), self._read_again)

    def action_edit(self) -> None:
        """Correct the entry in a form."""
        item = self.item
        if item is None:
            return
        try:
            form = EntryForm(item.entry.content, self.sitting.rules(item.entry))
        except SeedbedError as error:
            self.tell(error_line(error), bad=True)
            return

        seen = item.entry

        def save(values: dict[str, str]) -> Mapping[str, str]:
            nonlocal seen
            changes, problems = form.changes(values)
            if problems or not changes:
                return problems
            problems = self.sitting.edit(seen, changes)
            seen = self.sitting.dataset.show(seen.id)  # what was changed meanwhile is told once
            return problems

        self.push_screen(FormScreen(f"Edit {item.entry.id}", form.fields, save), self._read_again)

    def _read_again(self, _: bool | None) -> None:
        self.queue.reload()

    # -- looking around ----------------------------------------------------------------------------------------

    def action_neighbour(self, by: int) -> None:
        """Look at another neighbour."""
        if self.item is not None and self.item.neighbours:
            self.chosen = (self.chosen + by) % len(self.item.neighbours)
            self.show_entry()

    def action_whole(self, which: str) -> None:
        """All of the entry or of the neighbour."""
        neighbour = self.neighbour()
        if which == "entry" and self.item is not None:
            self.push_screen(TextScreen(f"Entry {self.item.entry.id}", self.item.entry.content))
        elif which == "neighbour" and neighbour is not None:
            self.push_screen(TextScreen(f"Neighbour {neighbour.entry_id}", neighbour.content))

    def action_search(self) -> None:
        """Only entries that contain a text; an empty one shows all."""
        wanted = self.sitting.wanted
        field = FormField("text", wanted.get("text") or "", "case ignored; empty shows all")

        def save(values: dict[str, str]) -> dict[str, str]:
            self.reopen({**wanted, "text": values["text"] or None})
            return {}

        self.push_screen(FormScreen("Search", [field], save))

    def action_filter(self) -> None:
        """Only entries of a topic, in some states, in review for a reason, within a score."""
        wanted = self.sitting.wanted

        def save(values: dict[str, str]) -> dict[str, str]:
            parsed, problems = parsed_filter(values)
            if not problems:
                self.reopen({**wanted, **parsed})
            return problems

        self.push_screen(FormScreen("Filter", filter_fields(wanted), save))

    def action_reopen(self) -> None:
        """Read the queue anew."""
        try:
            self.reopen(self.sitting.wanted)
        except SeedbedError as error:
            self.tell(error_line(error), bad=True)

    def action_help(self) -> None:
        """The keys."""
        self.push_screen(HelpScreen(KEYS))


def _status(sitting: Sitting) -> Text:
    wanted = {n: v if isinstance(v, str | float | int) else ", ".join(map(str, v)) for n, v in _given(sitting.wanted)}
    text = Text(f"{sitting.left:,} left", "bold").append(f"  {safe(sitting.reviewer)}", "dim")
    for name, value in wanted.items():
        text.append(f"  {name.replace('_', ' ')}: {row_text(value, 40)}")
    return text


def _given(wanted: Filters) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in wanted.items() if value not in (None, (), [])]


def _heads(item: ReviewItem, neighbour: Neighbour | None, chosen: int) -> Table:
    """What stands above both sides."""
    heads = Table.grid(padding=(0, 2, 0, 0), expand=True)
    heads.add_column(ratio=1)
    entry = item.entry
    left = Text(f"{entry.id}  {entry.state}  {row_text(entry.topic, 80)}", "cyan")
    if neighbour is None:
        heads.add_row(left)
        return heads
    heads.add_column(ratio=1)
    place = f"{chosen % len(item.neighbours) + 1} of {len(item.neighbours)}"
    right = f"{place}: {neighbour.similarity:.3f} {neighbour.relation}  {row_text(neighbour.topic, 80)}"
    heads.add_row(left, Text(right, "cyan"))
    return heads


def _about(item: ReviewItem, note: str) -> Text:
    """Why it is here, what the checks and other reviewers say."""
    data = item.to_dict()
    text = pair_lines({"why": item.why, "your note": note})
    for verdict in (v for v in data["verdicts"] if v["outcome"] != "unscored"):
        text.append(verdict_line(verdict, indent="") + "\n")
    for said in data["decisions"]:
        more = ", ".join(said.get("reasons", ())) + (f" “{said['note']}”" if said.get("note") else "")
        text.append(f"{row_text(said['reviewer'], 60)} {said['decision']}s {row_text(more, 200)}\n")
    return text
