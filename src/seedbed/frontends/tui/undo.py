"""The undo screen: what happened, newest first, what would go, and taking it back in two steps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widgets import Footer, Static

from seedbed.core.errors import SeedbedError
from seedbed.dataset.changes.history import LASTING, UndoResult
from seedbed.frontends.cli.output import counted, counted_rows, error_line, safe
from seedbed.frontends.tui.forms import FormField, FormScreen, HelpScreen
from seedbed.frontends.tui.lists import PagedList, Pane
from seedbed.frontends.tui.paging import Pages
from seedbed.frontends.tui.texts import cell, pair_lines, row_text, stacked

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset

KEYS = {
    "Space": "mark what is under the cursor, or take the mark away",
    "t": "mark everything since then: the dataset as it was before this",
    "c": "say what taking back what is marked (or under the cursor) does; y does it",
    "l": "before y: leave rows that were changed since as they are",
    "Esc": "leave it, and take all marks away",
    "↓ ↑": "down, up; PgDn PgUp a screen",
    "f": "filter by topic, action, actor, session",
    "F5": "read the history anew",
    "?": "these keys",
    "q": "leave",
    "an undo": "is marked like anything else: taking it back is a redo",
}

AT_ONCE = 1_000
"""Rows that may be at stake for what would go to be worked out without being asked."""

REST_S = 0.15
"""Seconds the cursor rests before what would go is worked out."""

_ROUNDED_S = 0.001
"""Times of the log are cut off to this."""

FILTERS = ("topic", "action", "actor", "session")
SHOWN = 12


class Timeline:
    """Events as rows of a list, newest first, and which of them are marked.

    Args:
        dataset: whose.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self.marked: dict[int, dict[str, Any]] = {}
        self.wanted: dict[str, Any] = {}
        self.open({})

    def __len__(self) -> int:
        return self._n

    def open(self, wanted: Mapping[str, Any]) -> None:
        """Read the history anew, with filters of ``History.log``; marks go. Raises ``UnknownNameError``.

        What happens from now on is left out until it is read anew, so that no row moves under the cursor.
        """
        chosen = {name: value for name, value in wanted.items() if value}
        log = self._dataset.history.log
        self._n, newest = log(limit=1, **chosen)
        until = datetime.fromisoformat(newest[0]["at"]).timestamp() + _ROUNDED_S if newest else None
        self.wanted = chosen
        self.marked.clear()
        self._pages: Pages[dict[str, Any]] = Pages(
            lambda start, n: log(limit=n, offset=start, before=until, **chosen)[1]
        )

    def get(self, index: int) -> dict[str, Any] | None:
        """The event in this row."""
        return self._pages.get(index)

    def mark(self, index: int) -> str:
        """Turn the mark of a row around; why it cannot be marked, or nothing."""
        event = self.get(index)
        if event is None or (why := _why_not(event)):
            return "" if event is None else why
        if self.marked.pop(event["id"], None) is None:
            self.marked[event["id"]] = event
        return ""

    def mark_since(self, index: int) -> None:
        """Mark a row and all above it that can be taken back, and nothing else.

        Of an undone event its undo is above it and goes first, so that it can be taken back itself.
        """
        self.marked.clear()
        for event in filter(None, (self.get(i) for i in range(index + 1))):
            undone_by = event.get("undone_by")
            if event["action"] not in LASTING and (undone_by is None or undone_by in self.marked):
                self.marked[event["id"]] = event

    def line(self, index: int, width: int) -> Text:
        """Mark, time, actor, action, what it is about, rows at stake."""
        try:
            event = self.get(index)
        except SeedbedError as error:
            return Text(row_text(error_line(error), width), "red")
        if event is None:
            return Text("(gone)", "dim")
        when = datetime.fromisoformat(event["at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        about = [event.get("subject"), event.get("reason")]
        about += [f"undone by {event['undone_by']}"] if event.get("undone_by") else []
        mark = "✗" if event["id"] in self.marked else " "
        told = ", ".join(row_text(a, 120) for a in about if a)
        fixed = f"{when} {event['id']:>6} {cell(event['actor'], 16)} {cell(event['action'], 14)} {_size(event):>7} "
        line = Text.assemble((f"{mark} ", "bold red"), fixed, (row_text(told, max(1, width - 70)), ""))
        if _why_not(event):
            line.stylize("dim")
        return line


class UndoApp(App[None]):
    """The history of a dataset, and what of it is taken back.

    Args:
        dataset: open for writing.
        actor: who undoes.
    """

    CSS = """
    #status { height: 1; background: $panel; padding: 0 1; }
    #events { height: 3fr; }
    #radius { height: 2fr; border-top: solid $primary; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark"),
        Binding("t", "since", "All since then"),
        Binding("c", "commit", "Take back"),
        Binding("y", "confirm", show=False),
        Binding("l", "leave", show=False),
        Binding("escape", "clear", "No marks"),
        Binding("f", "filter", "Filter"),
        Binding("f5", "reopen", show=False),
        Binding("question_mark", "help", "Help"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, dataset: Dataset, *, actor: str = "human") -> None:
        super().__init__()
        self.dataset, self.actor = dataset, actor
        self.rows = Timeline(dataset)
        self.armed: UndoResult | None = None
        self.skip = False
        self._timer: Timer | None = None
        # Held rather than looked up: messages may still come when the screen is going away.
        self.status = Static(id="status", markup=False)
        self.events = PagedList(self.rows, id="events")
        self.pane = Pane(id="radius")

    def compose(self) -> ComposeResult:
        """Marks, events, what would go, keys."""
        yield self.status
        yield self.events
        yield self.pane
        yield Footer()

    def on_mount(self) -> None:
        """Start on the newest event."""
        self.events.focus()

    # -- showing -----------------------------------------------------------------------------------------------

    def on_paged_list_moved(self) -> None:
        """Another event is under the cursor."""
        self._disarm()

    def chosen(self) -> dict[int, dict[str, Any]]:
        """Events that would be taken back: those marked, else the one under the cursor."""
        if self.rows.marked:
            return self.rows.marked
        event = self.rows.get(self.events.cursor) if len(self.rows) else None
        return {} if event is None or _why_not(event) else {event["id"]: event}

    def _disarm(self) -> None:
        """Nothing is about to happen; show the event, and soon what would go."""
        self.armed, self.skip = None, False
        if self._timer is not None:
            self._timer.stop()
        marked = f"{counted(len(self.rows.marked), 'event')} marked" if self.rows.marked else "nothing marked"
        told = Text(f"{len(self.rows):,} events", "bold").append(f"  {marked}  {safe(self.actor)}")
        told.append("".join(f"  {n}: {row_text(v, 40)}" for n, v in self.rows.wanted.items()))
        self.status.update(told)
        self._show(Text())
        if sum(_at_stake(e) for e in self.chosen().values()) <= AT_ONCE:
            self._timer = self.set_timer(REST_S, self._preview)

    def _preview(self) -> None:
        result = self._tried()
        if result is not None:
            self._show(_radius(result, "c takes it back"))

    def _tried(self) -> UndoResult | None:
        """What taking back the chosen events would do; ``None`` when there are none, or it is refused, and why."""
        chosen = self.chosen()
        if not chosen:
            return None
        try:
            return self._take_back(chosen, dry_run=True)
        except SeedbedError as error:
            self._show(Text(error_line(error), "red"))
            return None

    def _show(self, radius: Text) -> None:
        event = self.rows.get(self.events.cursor) if len(self.rows) else None
        told = _told(event) if event else Text("nothing happened yet", "dim")
        self.pane.show(stacked(radius, told))

    # -- marking -----------------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark the event under the cursor, or not."""
        if len(self.rows) and (why := self.rows.mark(self.events.cursor)):
            self.notify(why, severity="warning", markup=False)
        self.events.refresh()
        self._disarm()

    def action_since(self) -> None:
        """Mark the event under the cursor and all that happened since."""
        if len(self.rows):
            self.rows.mark_since(self.events.cursor)
        self.events.refresh()
        self._disarm()

    def action_clear(self) -> None:
        """Take all marks away."""
        self.rows.marked.clear()
        self.events.refresh()
        self._disarm()

    # -- taking back -------------------------------------------------------------------------------------------

    def action_commit(self) -> None:
        """Say what would happen, before ``action_confirm`` does it."""
        if self._timer is not None:
            self._timer.stop()
        if self.armed is None:
            self._show(Text("working it out …", "dim"))
            self.call_after_refresh(self._arm)

    def action_confirm(self) -> None:
        """Do what was said."""
        if self.armed is None:
            return
        if self.armed.conflicts and not self.skip:
            self.notify("changed again since: l leaves those rows as they are", severity="warning", markup=False)
        else:
            self._show(Text("taking it back …", "dim"))
            self.call_after_refresh(self._commit, dict(self.chosen()))

    def action_leave(self) -> None:
        """Leave rows that were changed since as they are."""
        if self.armed is not None and self.armed.conflicts:
            self.skip = True
            self._show(_radius(self.armed, "rows in the way stay as they are; y takes back the rest"))

    def _arm(self) -> None:
        if not self.chosen():
            self.notify("nothing here can be taken back", markup=False)
            self._disarm()
            return
        self.armed = self._tried()
        if self.armed is not None:
            ready = "l leaves rows in the way as they are" if self.armed.conflicts else "y takes it back"
            self._show(_radius(self.armed, f"{ready}, Esc leaves it"))

    def _commit(self, chosen: Mapping[int, Mapping[str, Any]]) -> None:
        try:
            result = self._take_back(chosen, dry_run=False)
        except SeedbedError as error:
            self._disarm()
            self._show(Text(error_line(error), "red"))
            return
        names = ", ".join(str(e["id"]) for e in result.undone[:5]) + (" …" if len(result.undone) > 5 else "")
        self.notify(f"taken back: {names}; that is event {result.event}", markup=False)
        self.action_reopen()

    def _take_back(self, chosen: Mapping[int, Mapping[str, Any]], *, dry_run: bool) -> UndoResult:
        history = self.dataset.history
        undos = all(e["action"] == "undo" for e in chosen.values())
        call = history.redo if undos else history.undo
        return call(list(chosen), actor=self.actor, dry_run=dry_run, skip_conflicts=self.skip)

    # -- the rest ----------------------------------------------------------------------------------------------

    def action_reopen(self) -> None:
        """Read the history anew."""
        try:
            self.rows.open(self.rows.wanted)
        except SeedbedError as error:  # a topic of the filter is gone
            self.notify(error_line(error), severity="error", markup=False)
            return
        self.events.reload(0)

    def action_filter(self) -> None:
        """Only some events."""
        fields = [FormField(name, self.rows.wanted.get(name, "")) for name in FILTERS]

        def save(values: dict[str, str]) -> dict[str, str]:
            self.rows.open({name: text.strip() for name, text in values.items()})
            self.events.reload(0)
            return {}

        self.push_screen(FormScreen("Filter", fields, save))

    def action_help(self) -> None:
        """The keys."""
        self.push_screen(HelpScreen(KEYS))


def _why_not(event: Mapping[str, Any]) -> str:
    """Why an event cannot be taken back; empty when it can."""
    if event.get("undone_by"):
        return f"event {event['id']} was undone by {event['undone_by']}; that one can be taken back"
    if event["action"] in LASTING:
        return f"event {event['id']} ({event['action']}) cannot be taken back"
    return ""


def _at_stake(event: Mapping[str, Any]) -> int:
    return int(event.get("entries", 0)) + int(event.get("changes", 0))


def _size(event: Mapping[str, Any]) -> str:
    n = _at_stake(event)
    return f"{n:,}" if n else ""


def _radius(result: UndoResult, then: str) -> Text:
    """What would go and come back, and what to press."""
    parts = [counted(result.removed, "entry", "entries") + " would go"] if result.removed else []
    parts += [counted(result.restored, "entry", "entries") + " would come back"] if result.restored else []
    parts += [f"{counted_rows(table, n)} set back" for table, n in result.changed.items()]
    about = counted(len(result.undone), "event")
    text = Text(f"{about}: {', '.join(parts) or 'nothing would change'}\n", "bold yellow")
    shown = list(result.topics.items())[:SHOWN]
    for topic, n in shown:
        text.append(f"{n:>8,}  {row_text(topic, 100)}\n")
    if len(result.topics) > len(shown):
        text.append(f"          … {len(result.topics) - len(shown)} more topics\n", "dim")
    for conflict in result.conflicts[:5]:
        text.append(f"✗ {row_text(conflict['message'], 200)}\n", "red")
    if result.n_conflicts > 5:
        text.append(f"… and {result.n_conflicts - 5} more rows in the way\n", "red")
    return text.append(f"{then}\n", "bold")


def _told(event: Mapping[str, Any]) -> Text:
    """All that the log says of an event."""
    return pair_lines({name: value for name, value in event.items() if name != "at"}, 400)
