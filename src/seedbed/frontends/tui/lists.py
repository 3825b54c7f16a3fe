"""A list of any length, of which only the rows on the screen are ever asked for."""

from __future__ import annotations

from typing import ClassVar, Protocol

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static


class Rows(Protocol):
    """What a list shows."""

    def __len__(self) -> int:
        """Number of rows."""
        ...

    def line(self, index: int, width: int) -> Text:
        """One row in at most ``width`` columns."""
        ...


class PagedList(ScrollView, can_focus=True):
    """Rows one below the other, with a cursor.

    Args:
        rows: where they come from.
        id: of the widget.
    """

    DEFAULT_CSS = """
    PagedList { height: 1fr; overflow-x: hidden; overflow-y: scroll; background: $surface; }
    PagedList > .list--cursor { background: $primary-darken-2; text-style: bold; }
    PagedList:focus > .list--cursor { background: $primary; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"list--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Next", show=False),
        Binding("up,k", "move(-1)", "Previous", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("home,g", "jump(0)", "First", show=False),
        Binding("end,G", "jump(-1)", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]

    cursor: reactive[int] = reactive(0, init=False)

    class Moved(Message):
        """The cursor is on another row, or the row under it was read anew."""

    class Chosen(Message):
        """Enter was pressed on the row under the cursor."""

    def __init__(self, rows: Rows, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = rows

    def on_mount(self) -> None:
        """Measure the rows."""
        self.reload(self.cursor)

    def reload(self, cursor: int | None = None) -> None:
        """Show the rows anew, the cursor on the row ``cursor``, default where it was."""
        self.virtual_size = Size(1, len(self.rows))
        wanted = self.validate_cursor(self.cursor if cursor is None else cursor)
        if wanted == self.cursor:
            self.post_message(self.Moved())
        self.cursor = wanted
        self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        """The cursor stays on the rows."""
        return max(0, min(cursor, len(self.rows) - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Keep the cursor on the screen."""
        height = max(1, self.scrollable_content_region.height)
        top = self.scroll_offset.y
        if not top <= new < top + height:
            self.scroll_to(y=new if new < top else new - height + 1, animate=False)
        self.refresh_line(old)
        self.refresh_line(new)
        self.post_message(self.Moved())

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        width, index = self.scrollable_content_region.width, self.scroll_offset.y + y
        if index >= len(self.rows):
            return Strip.blank(width, self.rich_style)
        text = self.rows.line(index, width)
        text.end = ""
        style = self.rich_style
        if index == self.cursor:
            style += self.get_component_rich_style("list--cursor", partial=True)
        strip = Strip(text.render(self.app.console))
        return strip.adjust_cell_length(width).apply_style(style)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        index = self.scroll_offset.y + event.y
        if index < len(self.rows):
            self.cursor = index

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move the cursor by screens."""
        self.cursor += by * max(1, self.scrollable_content_region.height - 1)

    def action_jump(self, to: int) -> None:
        """Move the cursor to a row; ``-1`` is the last one."""
        self.cursor = len(self.rows) - 1 if to < 0 else to

    def action_choose(self) -> None:
        """Say that the row was chosen."""
        if len(self.rows):
            self.post_message(self.Chosen())


class Pane(VerticalScroll):
    """Something to read, scrolled where it is long."""

    DEFAULT_CSS = """
    Pane { height: 1fr; padding: 0 1; }
    Pane > Static { height: auto; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = Static(markup=False)

    def compose(self) -> ComposeResult:
        """One text."""
        yield self._text

    def show(self, what: RenderableType) -> None:
        """Show something from its beginning."""
        self._text.update(what)
        self.scroll_home(animate=False)
