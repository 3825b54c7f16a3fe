"""The tree screen: topics with what they hold and should hold, and the entries of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Footer, Static, Tree
from textual.widgets.tree import TreeNode

from seedbed.core.errors import NotFoundError, SeedbedError
from seedbed.core.records import Entry, Topic
from seedbed.engine.decisions import verdict_dict
from seedbed.frontends.cli.output import error_line, safe, verdict_line
from seedbed.frontends.tui.forms import FormField, FormScreen, HelpScreen, TextScreen
from seedbed.frontends.tui.lists import PagedList, Pane
from seedbed.frontends.tui.paging import Pages
from seedbed.frontends.tui.texts import cell, first_text, pair_lines, row_text, side_by_side, stacked

if TYPE_CHECKING:
    from seedbed.dataset.handle import Dataset

KEYS = {
    "↓ ↑": "down, up",
    "Enter": "entries of a leaf; opens and closes other topics",
    "o": "entries of any topic and all below it",
    "/": "search for a topic",
    "n": "the next topic that was searched for",
    "F5": "read the tree anew",
    "?": "these keys",
    "q": "leave",
    "among entries": "j k ↓ ↑ down, up · / search · f states · x the whole entry · Esc back",
}


class TreeApp(App[None]):
    """The tree of a dataset, or a part of it; changes nothing.

    Args:
        dataset: may be open for reading only.
        root: this topic and below.
    """

    CSS = """
    #tree { width: 3fr; }
    #topic { width: 2fr; border-left: solid $primary; height: 100%; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "entries", "Entries"),
        Binding("slash", "search", "Search"),
        Binding("n", "again", "Next found"),
        Binding("f5", "reopen", show=False),
        Binding("question_mark", "help", "Help"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, dataset: Dataset, root: str | None = None) -> None:
        super().__init__()
        self.dataset = dataset
        self.root = None if root is None else dataset.file.topics.get(root).path
        self.searched = ""
        self._children: dict[str, list[Topic]] = {}
        self._states: dict[str, dict[str, int]] = {}
        self.nodes: Tree[Topic] = Tree(Text(safe(self.root or "all topics"), "bold"), id="tree")
        self.nodes.auto_expand = False
        self.pane = Pane(id="topic")

    def compose(self) -> ComposeResult:
        """Tree, topic, keys."""
        with Horizontal():
            yield self.nodes
            yield self.pane
        yield Footer()

    def on_mount(self) -> None:
        """Read the tree."""
        self.action_reopen()
        self.nodes.focus()

    def action_reopen(self) -> None:
        """Read the tree anew."""
        topics = self.dataset.file.topics.all(self.root)
        self._states = self.dataset.topics.counts(self.root)
        self._children = {}
        for topic in topics:
            if topic.path != self.root:
                self._children.setdefault(topic.path.rpartition("/")[0], []).append(topic)
        top = self.nodes.root
        top.remove_children()
        top.data = next((t for t in topics if t.path == self.root), None)
        self._fill(top)
        top.expand()
        if top.children:
            self._go(top.children[0])
        while len(top.children) == 1 and top.children[0].allow_expand:  # one branch alone says little
            top = top.children[0]
            self._fill(top)
            top.expand()

    def _fill(self, node: TreeNode[Topic]) -> None:
        """Add the topics right below a node; those further down come when they are looked at."""
        if node.children:
            return
        path = node.data.path if node.data else ""
        for topic in self._children.get(path, ()):
            label = _label(topic, self._states.get(topic.path, {}))
            if topic.path in self._children:
                node.add(label, topic)
            else:
                node.add_leaf(label, topic)

    # -- looking around ----------------------------------------------------------------------------------------

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Topic]) -> None:
        """Bring what is below."""
        self._fill(event.node)

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Topic]) -> None:
        """Describe the topic under the cursor."""
        topic = event.node.data
        try:
            self.pane.show(_described(self.dataset.topics.show(topic.path)) if topic else Text())
        except SeedbedError as error:
            self.pane.show(Text(error_line(error), "red"))

    def on_tree_node_selected(self, event: Tree.NodeSelected[Topic]) -> None:
        """Entries of a leaf; other topics open and close."""
        if event.node.data is not None and not event.node.allow_expand:
            self.action_entries()
        else:
            event.node.toggle()

    def action_entries(self) -> None:
        """Entries of the topic under the cursor."""
        node = self.nodes.cursor_node
        try:
            self.push_screen(EntriesScreen(self.dataset, node.data.path if node and node.data else self.root))
        except SeedbedError as error:
            self.notify(error_line(error), severity="error", markup=False)

    def action_search(self) -> None:
        """Go to a topic whose path contains a text."""

        def save(values: dict[str, str]) -> dict[str, str]:
            self.searched = values["topic"].strip().casefold()
            return {} if self._find() else {"topic": "no topic is called like this"}

        self.push_screen(FormScreen("Search", [FormField("topic", self.searched, "a part of its path")], save))

    def action_again(self) -> None:
        """Go to the next topic that was searched for."""
        if self.searched:
            self._find()

    def _find(self) -> bool:
        """Whether there is such a topic; the cursor is on the next one."""
        paths = [t.path for t in self._in_order("" if self.root is None else self.root)]
        node = self.nodes.cursor_node
        here = paths.index(node.data.path) + 1 if node and node.data and node.data.path in paths else 0
        found = next((p for p in (*paths[here:], *paths[:here]) if self.searched in p.casefold()), None)
        if found is None:
            return False
        at = self.nodes.root
        while at.data is None or at.data.path != found:
            self._fill(at)
            at.expand()
            at = next(c for c in at.children if c.data and f"{found}/".startswith(f"{c.data.path}/"))
        self._go(at)
        return True

    def _go(self, node: TreeNode[Topic]) -> None:
        """Put the cursor on a node that was added or uncovered just now."""
        if self.nodes.last_line >= 0:  # asking for it numbers the lines, by which the cursor goes
            self.nodes.move_cursor(node)

    def _in_order(self, path: str) -> list[Topic]:
        """Topics below a path as the tree shows them."""
        out: list[Topic] = []
        waiting = list(reversed(self._children.get(path, ())))
        while waiting:
            topic = waiting.pop()
            out.append(topic)
            waiting += reversed(self._children.get(topic.path, ()))
        return out

    def action_help(self) -> None:
        """The keys."""
        self.push_screen(HelpScreen(KEYS))


class EntryRow(NamedTuple):
    """What the list shows of an entry; small, however large the entry is."""

    id: str
    state: str
    text: str
    topic: str


class EntryRows:
    """Entries of a topic as rows of a list.

    Args:
        dataset: where.
        topic: this topic and below; ``None`` is all.
    """

    def __init__(self, dataset: Dataset, topic: str | None) -> None:
        self._dataset, self.topic = dataset, topic
        self.states: tuple[str, ...] = ()
        self.text: str | None = None
        self.open()

    def __len__(self) -> int:
        return self._n

    def open(self) -> None:
        """Read anew; raises ``SeedbedError`` and stays as it was when the filters are wrong."""
        self._n = self._dataset.entries(limit=0, **self._wanted())[0]
        self._pages: Pages[EntryRow] = Pages(lambda start, n: self._page(start, n))

    def get(self, index: int) -> Entry | None:
        """The entry in this row as it is now; ``None`` when it is gone for good."""
        row = self._pages.get(index)
        try:
            return None if row is None else self._dataset.show(row.id)
        except NotFoundError:
            return None

    def line(self, index: int, width: int) -> Text:
        """State, beginning of the text, topic."""
        try:
            row = self._pages.get(index)
        except SeedbedError as error:
            return Text(row_text(error_line(error), width), "red")
        if row is None:
            return Text("(gone)", "dim")
        room = max(12, width - 11)
        return Text.assemble(
            (cell(row.state, 9), "dim"),
            f" {cell(row.text, room * 3 // 4)} ",
            (row_text(row.topic, room - room * 3 // 4), "dim"),
        )

    def _wanted(self) -> dict[str, Any]:
        return {"topic": self.topic, "states": self.states, "text": self.text}

    def _page(self, start: int, n: int) -> list[EntryRow]:
        page = self._dataset.entries(limit=n, offset=start, **self._wanted())[1]
        return [EntryRow(e.id, str(e.state), first_text(e.content), e.topic) for e in page]


class EntriesScreen(ModalScreen[None]):
    """Entries of a topic, newest first, and one of them in detail.

    Args:
        dataset: where.
        topic: this topic and below; ``None`` is all.

    Raises:
        UnknownNameError: no such topic.
    """

    CSS = """
    EntriesScreen { background: $background; }
    EntriesScreen > Static { height: 1; background: $panel; padding: 0 1; }
    EntriesScreen > Pane { border-top: solid $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search"),
        Binding("f", "filter", "States"),
        Binding("x,enter", "whole", "Full"),
        Binding("escape,q", "dismiss", "Back"),
    ]

    def __init__(self, dataset: Dataset, topic: str | None) -> None:
        super().__init__()
        self.rows = EntryRows(dataset, topic)
        self.status = Static(markup=False)
        self.entries = PagedList(self.rows)
        self.pane = Pane()

    def compose(self) -> ComposeResult:
        """Count, entries, entry, keys."""
        yield self.status
        yield self.entries
        yield self.pane
        yield Footer()

    def on_paged_list_moved(self) -> None:
        """Another entry is under the cursor."""
        rows = self.rows
        count = Text(f"{len(rows):,} entries", "bold").append(f"  {safe(rows.topic or 'all topics')}")
        count.append_text(Text("  ").append(", ".join(rows.states))).append(f"  {safe(rows.text or '')}")
        self.status.update(count)
        entry = self._entry()
        self.pane.show(_entry(entry) if entry else Text("no entries", "dim"))

    def _entry(self) -> Entry | None:
        return self.rows.get(self.entries.cursor) if len(self.rows) else None

    def on_paged_list_chosen(self) -> None:
        """Enter shows all of the entry."""
        self.action_whole()

    def action_whole(self) -> None:
        """All of the entry."""
        if (entry := self._entry()) is not None:
            self.app.push_screen(TextScreen(f"Entry {entry.id}", entry.content))

    def action_search(self) -> None:
        """Only entries that contain a text."""
        self._ask("Search", FormField("text", self.rows.text or "", "case ignored; empty shows all"))

    def action_filter(self) -> None:
        """Only entries in some states."""
        hint = "accepted, pending, approved, rejected, removed; empty: what is in the dataset"
        self._ask("States", FormField("states", ", ".join(self.rows.states), hint))

    def _ask(self, heading: str, field: FormField) -> None:
        def save(values: dict[str, str]) -> dict[str, str]:
            before = self.rows.text, self.rows.states
            if field.name == "text":
                self.rows.text = values["text"] or None
            else:
                self.rows.states = tuple(filter(None, (s.strip() for s in values["states"].split(","))))
            try:
                self.rows.open()
            except (SeedbedError, ValueError) as error:
                self.rows.text, self.rows.states = before
                return {field.name: str(error)}
            self.entries.reload(0)
            return {}

        self.app.push_screen(FormScreen(heading, [field], save))


def _label(topic: Topic, states: Mapping[str, int]) -> Text:
    """Name, finished entries of the target, what else there is, and what belongs here."""
    done = states.get("accepted", 0) + states.get("approved", 0)
    label = Text(row_text(topic.path.rpartition("/")[2], 60))
    short = topic.target is not None and done < topic.target
    label.append(f"  {done}" + (f"/{topic.target}" if topic.target is not None else ""), "yellow" if short else "green")
    if states.get("pending"):
        label.append(f" +{states['pending']} in review", "cyan")
    return label.append(f"  {row_text(topic.description, 60)}" if topic.description else "", "dim")


def _described(shown: Mapping[str, Any]) -> Text:
    """What ``TopicTree.show`` says of a topic."""
    states = ", ".join(f"{n} {state}" for state, n in shown["entries"].items())
    text = Text(f"{safe(shown['topic'])}\n", "bold cyan")
    plain = {n: shown[n] for n in ("description", "target", "weight")} | {"entries": states or "none"}
    text.append_text(pair_lines(plain, 1_000))
    text.append_text(pair_lines({"topics below": shown["topics_below"] or None, "meta": shown["meta"]}, 1_000))
    return text.append_text(pair_lines(shown["fields"], 400))


def _entry(entry: Entry) -> Any:
    """An entry with where it comes from and what the checks said."""
    origin = entry.origin
    came = ", ".join(filter(None, (origin.via, origin.actor, origin.recipe, origin.model))) if origin else ""
    text = pair_lines({"came": came, "meta": entry.meta})
    for verdict in (verdict_dict(v) for v in entry.verdicts if str(v.outcome) != "unscored"):
        text.append(verdict_line(verdict, indent="") + "\n")
    head = Text(f"{entry.id}  {entry.state}  {row_text(entry.kind, 40)}  {row_text(entry.topic, 120)}", "cyan")
    return stacked(head, side_by_side(entry.content, None), text)
