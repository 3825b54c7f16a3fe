"""HTML as sections, through the standard library's parser: main text, headings, lists, tables and code."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Final

from seedbed.sources.blocks import Block, Outline, Section, clean_text, dedent, table_blocks, words

_SKIP: Final = words(
    "script style nav footer aside noscript template svg form button iframe object select textarea dialog"
)
_SKIP_ROLES: Final = frozenset(("navigation", "banner", "contentinfo", "search", "complementary", "menu"))
_SKIP_CLASSES: Final = frozenset(
    ("headerlink", "linenos", "lineno", "sr-only", "breadcrumb", "breadcrumbs", "cookie-banner", "mw-editsection")
)
_VOID: Final = words("area base br col embed hr img input link meta source track wbr")
_BLOCKS: Final = words(
    "address article blockquote body center dd details div dl dt fieldset figcaption figure header hr html li main ol p"
    " section summary ul h1 h2 h3 h4 h5 h6"
)
_CONTEXTS: Final = words("title main article pre table th td code")
_HEADINGS: Final = {f"h{n}": n for n in range(1, 7)}
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|highlight)-(?:source-)?([\w+#.-]{1,20})")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|<!\[(?:end)?if[^>]*>|<!\[(?:CDATA\[)?|\]\]>", re.DOTALL)
_BREAK = "\v"  # a line break in the text collected; the cleaned input has none
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)


def declared_charset(data: bytes) -> str | None:
    """Encoding named in a ``meta`` element in the first 2 KB, or ``None``."""
    match = _CHARSET.search(data[:2048])
    return match.group(1).decode("ascii") if match else None


def read_html(text: str) -> list[Section]:
    """Sections of an HTML page; its ``title`` heads it when no heading does."""
    page = _Page()
    page.feed(_COMMENT.sub("", clean_text(text)))  # the parser fails on unknown marked sections
    page.close()
    page.flush()
    return (page.main or page.outline).sections(page.title)


class _Page(HTMLParser):
    """Collects blocks; ``open_`` holds the tags whose content is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.outline = Outline()
        self.main: Outline | None = None
        self.title = ""
        self.skipped: list[str] = []
        self.text: list[str] = []
        self.context: list[str] = []
        self.lists: list[int] = []
        self.mark = ""
        self.term = ""
        self.level = 0
        self.language = ""
        self.header: list[str] = []
        self.rows: list[list[str]] = []
        self.head_row = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a block, or start leaving out."""
        attributes = {name: value or "" for name, value in attrs}
        if self.skipped:
            if tag == self.skipped[0] and tag not in _VOID:
                self.skipped.append(tag)
            return
        if self._is_noise(tag, attributes):
            self.skipped.append(tag)
            return
        if "pre" in self.context and tag not in ("pre", "br"):
            self.language = self.language or _language(attributes)
            return
        if tag in _BLOCKS or tag in ("pre", "table", "tr"):
            self.flush()
        self._open(tag, attributes)

    def _is_noise(self, tag: str, attributes: dict[str, str]) -> bool:
        if tag in _VOID or tag in ("html", "body", "main", "article"):
            return False
        in_content = "main" in self.context or "article" in self.context
        return (
            tag in _SKIP
            or (tag == "header" and not in_content)
            or attributes.get("role") in _SKIP_ROLES
            or "hidden" in attributes
            or attributes.get("aria-hidden") == "true"
            or not _SKIP_CLASSES.isdisjoint(attributes.get("class", "").split())
        )

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _CONTEXTS:
            self.context.append(tag)
        if tag in _HEADINGS:
            self.level = _HEADINGS[tag]
        elif tag in ("pre", "div"):
            self.language = _language(attributes) or self.language
        elif tag in ("ul", "ol"):
            self.lists.append(0 if tag == "ol" else -1)
        elif tag in _STARTS:
            _STARTS[tag](self)

    def _start_main(self) -> None:
        """What stands in ``main`` is all that counts; a page has one, or several parts of one."""
        self.outline = self.main = self.main or Outline()

    def _end_main(self) -> None:
        self.flush()
        self.outline = Outline()

    def _start_title(self) -> None:
        self.text = []

    def _start_row(self) -> None:
        self.rows.append([])
        self.head_row = True

    def _break(self) -> None:
        self.text.append("\n" if "pre" in self.context else _BREAK)

    def _tick(self) -> None:
        self.text.append("`")

    def _lone_term(self) -> None:
        """A term without a definition stands for itself."""
        if self.term:
            self.outline.add(Block(self.term))
            self.term = ""

    def _item(self) -> None:
        if self._in_cell():
            return
        if self.lists and self.lists[-1] >= 0:
            self.lists[-1] += 1
            self.mark = f"{self.lists[-1]}. "
        else:
            self.mark = "- "
        self.mark = "  " * min(max(0, len(self.lists) - 1), 6) + self.mark

    def handle_endtag(self, tag: str) -> None:
        """Close a block."""
        if self.skipped:
            if tag == self.skipped[0]:
                self.skipped.pop()
            return
        if "pre" in self.context and tag != "pre":
            return
        if tag in _ENDS:
            if tag in self.context or tag not in _CONTEXTS:
                _ENDS[tag](self)
        elif tag in _BLOCKS or tag == "pre":
            self.flush()
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
        if tag in self.context:
            while self.context.pop() != tag:
                pass

    def _end_title(self) -> None:
        self.title, self.text = self.title or "".join(self.text), []

    def _end_term(self) -> None:
        self.term, self.text = self._words(), []

    def _end_list_of_terms(self) -> None:
        self.flush()
        self._lone_term()

    def _end_row(self) -> None:
        if self.rows and self.rows[-1] and self.head_row and not self.header:
            self.header = self.rows.pop()

    def _cell(self) -> None:
        if self.rows:
            self.rows[-1].append(self._words())
            self.head_row = self.head_row and self.context[-1] == "th"
            self.text = []

    def _end_table(self) -> None:
        """Emit the rows collected so far."""
        for block in table_blocks(self.header, [row for row in self.rows if any(row)]):
            self.outline.add(block)
        self.header, self.rows = [], []

    def handle_data(self, data: str) -> None:
        """Collect text."""
        if not self.skipped:
            self.text.append(data)

    def _words(self) -> str:
        return " ".join("".join(self.text).replace("``", "").split())

    def _in_cell(self) -> bool:
        return not {"td", "th"}.isdisjoint(self.context[-2:])

    def flush(self) -> None:
        """Emit the text collected so far as what it stands in."""
        if self._in_cell() and "pre" not in self.context:
            self.text.append(" ")
            return
        if "pre" in self.context:
            code = "\n".join(dedent("".join(self.text).split("\n")))
            self.outline.add(Block(code, "code", self.language))
            self.text, self.language = [], ""
            return
        lines = (" ".join(line.split()) for line in "".join(self.text).replace("``", "").split(_BREAK))
        text = "\n".join(line for line in lines if line)
        self.text = []
        if self.level:
            self.outline.heading(self.level, text.replace("`", "").replace("¶", ""))
            self.level = 0
        elif text:
            if self.term:
                text, self.term = f"{self.term}: {text}", ""
            self.outline.add(Block(self.mark + text, "item" if self.mark else "text"))
            self.mark = ""


_STARTS: Final[dict[str, Callable[[_Page], None]]] = {
    "main": _Page._start_main,
    "title": _Page._start_title,
    "dt": _Page._lone_term,
    "li": _Page._item,
    "table": _Page._end_table,
    "tr": _Page._start_row,
    "br": _Page._break,
    "code": _Page._tick,
}
_ENDS: Final[dict[str, Callable[[_Page], None]]] = {
    "code": _Page._tick,
    "th": _Page._cell,
    "td": _Page._cell,
    "tr": _Page._end_row,
    "table": _Page._end_table,
    "main": _Page._end_main,
    "title": _Page._end_title,
    "dt": _Page._end_term,
    "dl": _Page._end_list_of_terms,
}


def _language(attributes: dict[str, str]) -> str:
    match = _LANGUAGE.search(attributes.get("class", ""))
    return match.group(1) if match and match.group(1) not in ("default", "none") else ""
