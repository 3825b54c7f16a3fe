"""reStructuredText, Sphinx included, as sections: what a reader sees, without the markup.

Own rather than docutils: that refuses the directives and roles of Sphinx and of every extension, which are most of the
markup in real manuals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from seedbed.sources.blocks import Block, Outline, Section, clean_text, dedent, table_blocks, words
from seedbed.sources.rst_inline import References, inline
from seedbed.sources.rst_tables import csv_cells, grid_table, is_table_border, list_cells, simple_table

_ADORNMENT = re.compile(r"^([!-/:-@\[-`{-~])\1*$")
_EXPLICIT = re.compile(r"^\.\.(?:\s+|$)")
_DIRECTIVE = re.compile(r"^\.\.\s+(?:\|[^|]+\|\s+)?([\w:+.-]+?)\s?::(?:\s+(.*))?$")
_TARGET = re.compile(r"^(?:\.\.\s+)?_{1,2}(?:[^:`\\]|\\:|`[^`]+`)*:(?:\s|$)|^__\s")
_NOTE_BODY = re.compile(r"^\.\.\s+\[[^\]]+\]\s+(.*)$")
_OPTION = re.compile(r"^\s*:[\w-]+:(?:\s|$)")
_FIELD = re.compile(r"^:((?:[^:\\`]|\\.|:(?!\s|$))+):(?:\s+(.*))?$")
_ITEM = re.compile(r"^([-*+•‣]|(?:\(?(?:\d{1,4}|[a-zA-Z]|#|[ivxlcIVXLC]{1,6})[.)]))(\s+)(?=\S)")
_LINE_BLOCK = re.compile(r"^\|(?:\s+(.*))?$")
_MAX_DEPTH = 24
_SHORT_POINTER = 60
"""A "see also" of fewer characters only points elsewhere."""

_DROP: Final = words(
    "toctree image index contents sectnum include literalinclude raw meta highlight highlightlang currentmodule module"
    " py:module py:currentmodule default-role default-domain role sectionauthor codeauthor moduleauthor todo todolist"
    " autosummary plot graphviz digraph graph mermaid uml tabularcolumns rst-class cssclass replace unicode date title"
    " header footer target-notes testsetup testcleanup inheritance-diagram bibliography youtube video only-html"
    " program consolidated-index toggle-header minigallery thumbnail"
)
_CODE: Final = words(
    "code code-block sourcecode parsed-literal doctest testcode testoutput prompt console ipython"
    " jupyter-execute productionlist math literal highlight-code"
)
_SIGNATURE: Final = words(
    "class method function attribute data exception classmethod staticmethod property decorator decoratormethod"
    " option cmdoption envvar describe object confval type macro struct enum enumerator member var"
)
_LABEL: Final = {
    "note": "Note", "warning": "Warning", "tip": "Tip", "hint": "Hint", "important": "Important", "danger": "Danger",
    "caution": "Caution", "attention": "Attention", "error": "Error", "seealso": "See also",
    "versionadded": "New in version", "versionchanged": "Changed in version", "deprecated": "Deprecated since version",
    "versionremoved": "Removed in version",
}  # fmt: skip
_TITLED: Final = frozenset(
    ("admonition", "topic", "sidebar", "rubric", "dropdown", "tab-item", "tab", "card", "centered")
)
_FIELD_NAMES: Final = {"returns": "Returns", "return": "Returns", "rtype": "", "type": "", "yields": "Yields"}
_VALUE_FIELDS: Final = words("param parameter arg argument key keyword kwarg raises raise exception var ivar")


def read_rst(text: str) -> list[Section]:
    """Sections of a reStructuredText document; heading levels by their order of appearance."""
    lines = [line.expandtabs(8).rstrip() for line in clean_text(text).split("\n")]
    reader = _Reader(References.of(lines))
    reader.read(lines, _Place())
    return reader.outline.sections()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where nested content stands: its depth, the class whose members it lists, and what goes before its first text."""

    depth: int = 0
    owner: str = ""
    prefix: list[str] = field(default_factory=list)


class _Reader:
    """Recursive descent by indentation into one outline."""

    def __init__(self, references: References) -> None:
        self.outline = Outline()
        self.references = references
        self.styles: list[str] = []

    def read(self, lines: list[str], place: _Place) -> None:
        """Every block of ``lines``, whose own text starts in column 0."""
        at = 0
        while at < len(lines):
            if not lines[at]:
                at += 1
                continue
            for take in (self._title, self._explicit, self._table, self._indented, self._fields, self._marked):
                end = take(lines, at, place)
                if end > at:
                    at = end
                    break
            else:
                at = self._paragraph(lines, at, place)

    def _say(self, text: str, place: _Place, kind: str = "text") -> None:
        text = inline(text, self.references)
        if place.prefix and text:
            text = place.prefix.pop() + text
        self.outline.add(Block(text, "item" if kind == "item" else "lead" if kind == "lead" else "text"))

    def _title(self, lines: list[str], at: int, place: _Place) -> int:
        """A section title with its underline, perhaps an overline, or a transition."""
        line, after = lines[at], _line(lines, at + 1)
        if _ADORNMENT.match(line):
            if not line.isalnum() and _line(lines, at + 2) == line and after.strip():
                return self._open(line[0] * 2, after, at + 3, place)
            return at + 1 if len(line) >= 4 and not after else at
        mark = _ADORNMENT.match(after)
        if not mark or line.startswith((" ", ".. ")) or (len(after) < len(line) and len(after) < 4):
            return at
        return self._open(mark.group(1), line, at + 2, place)

    def _open(self, style: str, title: str, end: int, place: _Place) -> int:
        if place.depth:
            self._say(title, place, "lead")
            return end
        if style not in self.styles:
            self.styles.append(style)
        self.outline.heading(self.styles.index(style) + 1, inline(title, self.references).replace("`", ""))
        return end

    def _explicit(self, lines: list[str], at: int, place: _Place) -> int:
        """Directive, target, footnote, substitution or comment: what starts with two dots."""
        line = lines[at]
        if not _EXPLICIT.match(line) and not (line.startswith("__ ") and _TARGET.match(line)):
            return at
        end = _end_of_indent(lines, at + 1)
        directive = _DIRECTIVE.match(line)
        note = _NOTE_BODY.match(line)
        if directive and not _TARGET.match(line):
            self._directive(directive.group(1).lower(), directive.group(2) or "", lines[at + 1 : end], place)
        elif note:
            self._nested(_with_first(note.group(1), lines[at + 1 : end]), place)
        return end

    def _directive(self, name: str, argument: str, body: Sequence[str], place: _Place) -> None:
        short = name.rpartition(":")[2]
        first_blank = next((i for i, line in enumerate(body) if not line), len(body))
        head = [line for line in body[:first_blank] if not _OPTION.match(line)]
        content = dedent([*head, *body[first_blank:]])
        if name in _DROP or short.startswith("auto") or (name in ("class", "only") and not content):
            return
        if short in _CODE:
            self._code(short, argument, content)
        elif short in _SIGNATURE:
            signatures = [argument, *(line.strip() for line in head)]
            self._signature(short, signatures, dedent(body[first_blank:]), place)
        elif short in ("list-table", "csv-table"):
            self._special_table(short, content)
        elif short in _LABEL:
            dated = short.startswith(("version", "deprecated"))
            version, _, rest = argument.partition(" ") if dated else ("", "", argument)
            label = f"{_LABEL[short]} {version}".strip()
            content = [rest, *content] if rest else content
            if short != "seealso" or len(" ".join(content)) >= _SHORT_POINTER:
                self._nested(content, place, prefix=f"{label}: ", bare=label if version else "")
        elif short == "figure":
            self._nested(content, place)
        else:
            self._nested([argument, "", *content] if short in _TITLED else content, place)

    def _code(self, name: str, argument: str, content: list[str]) -> None:
        if name == "math":
            content = [argument, *content] if argument else content
        language = argument.split()[0] if argument and name in ("code", "code-block", "sourcecode") else ""
        if name in ("doctest", "testcode"):
            language = "python"
        self.outline.add(Block("\n".join(content), "code", re.sub(r"[^\w+#.-]", "", language)[:20]))

    def _signature(self, name: str, signatures: list[str], content: list[str], place: _Place) -> None:
        """A documented object: its signature leads its description; members carry their class's name."""
        signatures = "\n".join(signatures).replace("\\\n", "").replace("\\", "").split("\n")  # wrapped ones joined
        signatures = [signature for signature in signatures if signature]
        if name not in ("class", "exception", "function", "data", "option", "envvar") and place.owner:
            signatures = [s if s.startswith(place.owner + ".") else f"{place.owner}.{s}" for s in signatures]
        for signature in signatures:
            self.outline.add(Block(f"`{signature}`", "lead"))
        described = re.split(r"[(\s]", signatures[0])[0] if signatures else ""
        above, self.outline.under = self.outline.under, described or self.outline.under
        self._nested(content, place, owner=described if name == "class" else place.owner)
        self.outline.under = above

    def _special_table(self, name: str, content: list[str]) -> None:
        rows = list_cells(content) if name == "list-table" else csv_cells(content)
        cleaned = [[inline(cell, self.references) for cell in row] for row in rows]
        for block in table_blocks(cleaned[0] if cleaned else (), cleaned[1:]):
            self.outline.add(block)

    def _nested(self, lines: list[str], place: _Place, *, owner: str = "", prefix: str = "", bare: str = "") -> None:
        """Content one level in; ``prefix`` goes before its first text, ``bare`` stands alone where there is none."""
        if place.depth >= _MAX_DEPTH:
            self._say(" ".join(" ".join(lines).split()), place)
        elif any(lines):
            prefixes = [prefix] if prefix else place.prefix
            self.read(dedent(lines), _Place(place.depth + 1, owner or place.owner, prefixes))
        elif bare:
            self._say(f"{bare}.", place)

    def _table(self, lines: list[str], at: int, place: _Place) -> int:
        reader = is_table_border(lines[at])
        if not reader:
            return at
        end, header, rows = (grid_table if reader == "grid" else simple_table)(lines, at)
        clean: Callable[[str], str] = lambda cell: inline(cell, self.references)  # noqa: E731
        for block in table_blocks([clean(c) for c in header], [[clean(c) for c in row] for row in rows]):
            self.outline.add(block)
        return end

    def _indented(self, lines: list[str], at: int, place: _Place) -> int:
        """A block quote; one that starts with a prompt is a session."""
        if not lines[at].startswith(" "):
            return at
        end = _end_of_indent(lines, at)
        self._nested(lines[at:end], place)
        return end

    def _fields(self, lines: list[str], at: int, place: _Place) -> int:
        """One field of a field list: parameters stay readable, bibliographic and type fields go."""
        match = _FIELD.match(lines[at])
        if not match:
            return at
        end = _end_of_indent(lines, at + 1)
        word, _, rest = match.group(1).partition(" ")
        body = _with_first(match.group(2) or "", lines[at + 1 : end])
        label = rest.split()[-1] if word in _VALUE_FIELDS and rest else _FIELD_NAMES.get(word, match.group(1))
        if label and any(body) and (place.depth or word in _VALUE_FIELDS):
            if all(body[1:]) and not any(_ITEM.match(line) for line in body[1:]):
                self._say(f"{label}: {' '.join(body)}", place, "item")
            else:
                self._nested(body, place, prefix=f"{label}: ")
        return end

    def _marked(self, lines: list[str], at: int, place: _Place) -> int:
        """A list item, a line block or an interpreter session."""
        line = lines[at]
        if line.startswith(">>> "):
            end = _end_of_block(lines, at)
            self.outline.add(Block("\n".join(lines[at:end]), "code"))
            return end
        verse = _LINE_BLOCK.match(line)
        if verse:
            self._say(verse.group(1) or "", place, "item")
            return at + 1
        item = _ITEM.match(line)
        if not item:
            return at
        end = _end_of_indent(lines, at + 1)
        mark = "-" if item.group(1) in "-*+•‣" else item.group(1)
        body = _with_first(line[item.end() :], lines[at + 1 : end])
        first = next((i for i, text in enumerate(body) if not text), len(body))
        if any(_ITEM.match(text) or text.startswith(" ") for text in body[1:first]):
            first = 1
        self._paragraph(
            [f"{mark} {' '.join(body[:first])}", *(["", *body[first:]] if body[first:] else [])], 0, place, kind="item"
        )
        return end

    def _paragraph(self, lines: list[str], at: int, place: _Place, kind: str = "text") -> int:
        """Text up to a blank line or an indented definition, and the literal block it announces."""
        end = at + 1
        while end < len(lines) and lines[end] and not lines[end].startswith(" "):
            end += 1
        text = " ".join(lines[at:end])
        indented = end < len(lines) and lines[end].startswith(" ")
        if text.endswith("::"):
            self._say(text[:-2].rstrip() + ("" if text.endswith(" ::") or text == "::" else ":"), place, kind)
            return self._literal(lines, end)
        if indented and kind == "text" and end - at == 1:  # a term and its definition
            last = _end_of_indent(lines, end)
            self._nested(lines[end:last], place, prefix=f"{inline(text, self.references).rstrip(':')}: ")
            return last
        self._say(text, place, kind)
        if kind == "item":
            self._nested(lines[end:], place)
            return len(lines)
        return end

    def _literal(self, lines: list[str], at: int) -> int:
        while at < len(lines) and not lines[at]:
            at += 1
        if at == len(lines):
            return at
        end = _end_of_indent(lines, at) if lines[at].startswith(" ") else at
        if end == at and not lines[at][0].isalnum():  # a quoted literal block
            while end < len(lines) and lines[end][:1] == lines[at][0]:
                end += 1
        self.outline.add(Block("\n".join(dedent(lines[at:end])), "code"))
        return end


def _line(lines: Sequence[str], at: int) -> str:
    return lines[at] if at < len(lines) else ""


def _with_first(first: str, lines: Sequence[str]) -> list[str]:
    """``first`` and the indented lines after it, to the left margin; a blank line between them stays."""
    return [first, *([""] if lines and not lines[0] else []), *dedent(lines)]


def _end_of_indent(lines: Sequence[str], at: int) -> int:
    """Index after the indented lines from ``at`` on, blank lines between them included."""
    end = at
    while at < len(lines) and (not lines[at] or lines[at].startswith(" ")):
        at += 1
        if lines[at - 1]:
            end = at
    return end


def _end_of_block(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and lines[at]:
        at += 1
    return at
