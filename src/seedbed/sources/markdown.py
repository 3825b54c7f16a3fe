"""Markdown (CommonMark with the usual extensions) as sections: what a reader sees, without the markup.

Own rather than a library: a renderer gives HTML or a token tree that would have to be cleaned all the same, and none
knows front matter, badges, admonitions and directives of the documentation tools.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from seedbed.sources.blocks import Block, Outline, Section, clean_text, dedent, table_blocks, words

# Every pattern is linear in its line: a hostile document must not hang the reader.
_FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})([^`]*)$")
_ATX = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]|$)")
_CLOSING_HASHES = re.compile(r"(?:^|(?<=\s))#+$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_RULE = re.compile(r"^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_ITEM = re.compile(r"^(\s*)([-*+]|\d{1,9}[.)])(?:[ \t]+(?:\[[ xX]\][ \t]+)?(.*))?$")
_QUOTE = re.compile(r"^ {0,3}>[ ]?")
_ALERT = re.compile(r"^\[!(\w+)\][+-]?[ \t]*")
_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)[^\]]+\]:[ \t]*\S+.*$")
_FOOTNOTE = re.compile(r"^ {0,3}\[\^[^\]]+\]:[ \t]*")
_TABLE_RULE = re.compile(r"^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_CELL_BAR = re.compile(r"(?<!\\)\|")
_CONTAINER = re.compile(r"^\s*(?::{3,}|(?:!!!|\?\?\?)\+?[ \t]|=== \")")
_LINE_NOISE = re.compile(
    r"^\s*(?:\[toc\]|\[\[_?toc_?\]\]|\{%.*%\}|\{\{[<%].*[>%]\}\}|\{:.*\}|<!doctype.*>"
    r"|(?:[-*+]|\d+[.)])[ \t]+\[[^\[\]]*\]\(#[^()]*\))\s*$",  # an item of a table of contents
    re.IGNORECASE,
)
_MDX = re.compile(r"^(?:import\s.+\sfrom\s+['\"].*|import\s+['\"].*|export\s+(?:default|const)\s.*)$")
_FRONT = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_FRONT_TITLE = re.compile(r"^title[ \t]*[:=](.+)$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HIDDEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_NAMES: Final = (
    "a abbr article aside audio b big blockquote br button caption center cite code col colgroup dd del details dfn div"
    " dl dt em embed figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hr i iframe img ins kbd li nav ol p"
    " picture pre q s samp section small span strike strong sub summary sup table tabs tabitem tbody td tfoot th thead"
    " tr tt u ul var video wbr"
)
_AMBIGUOUS: Final = "input label link main mark meta object param path source svg time"  # placeholders when bare
_TAG = re.compile(
    rf"</?({'|'.join(_NAMES.split())})(?:\s[^<>]*)?/?>|<({'|'.join(_AMBIGUOUS.split())})\s[^<>]*>|</(?:svg|label|mark)>",
    re.IGNORECASE,
)
_INLINE_TAGS: Final = words("a abbr b big cite code del em font i ins kbd q s samp small span strong sub sup u var wbr")
_IMAGE = re.compile(r"!\[[^\[\]]*\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])?(?:\{[^{}]*\})?")
_LINK = re.compile(r"\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])(?:\{[^{}]*\})?")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]+)>")
_SPAN = re.compile(r"(`+)(?!`)(.{1,2000}?)(?<!`)\1(?!`)", re.DOTALL)
_ROLE = re.compile("\\{[\\w:+-]{1,60}\\}(?=\ue000)")
_EMPHASIS = re.compile(r"(?<!\d)(\*{2,3}|~~|(?<!\w)\*)(?=\S)([^*~]+?)(?<=\S)\1(?!\d)")
_UNDERLINE = re.compile(r"(?<!\w)(_{1,3})(?=\S)([^_]+?)(?<=\S)\1(?!\w)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_SHIFT: Final = 0xE100
_ESCAPED = re.compile("[\ue121-\ue17e]")
_PRIVATE = re.compile("[\ue000\ue121-\ue17e]")
_HEADING_ID = re.compile(r"\s*\{#[^{}]*\}\s*$")
_FOOTNOTE_MARK = re.compile(r"\[\^[^\]\s]+\]")
_DROPPED_DIRECTIVES: Final = words("toctree image figure include literalinclude mermaid contents raw")
_CODE_DIRECTIVES: Final = words("code code-block code-cell sourcecode doctest testcode parsed-literal")
_MAX_DEPTH = 12


def read_markdown(text: str) -> list[Section]:
    """Sections of a Markdown document; front matter's ``title`` heads it when no heading does."""
    text = clean_text(text)
    front = _FRONT.match(text)
    title = ""
    if front:
        text = text[front.end() :]
        named = _FRONT_TITLE.search(front.group(2))
        title = named.group(1).strip().strip("'\"") if named else ""
    outline = Outline()
    _Reader(outline).read(_without_hidden(text).split("\n"))
    return outline.sections(title)


def inline(text: str) -> str:
    """One line or paragraph without inline markup; code spans stay in single backticks."""
    text = _PRIVATE.sub("", text)
    pieces: list[str] = []
    last = 0
    for match in _SPAN.finditer(text):
        pieces += [text[last : match.start()], match.group(2)]
        last = match.end()
    pieces.append(text[last:])
    # Spans stand in as a private character while the prose around them, links included, is cleaned.
    prose = _prose("\ue000".join(pieces[::2]).replace("\ue000\ue000", "\ue000 \ue000"))
    spans = iter(pieces[1::2])
    return re.sub("\ue000", lambda _: f"`{' '.join(next(spans, '').split())}`", prose)


def _prose(text: str) -> str:
    text = _ESCAPE.sub(lambda match: chr(ord(match.group(1)) + _SHIFT), text)  # out of the way of what it would mark
    text = _ROLE.sub("", _IMAGE.sub("", text)) if "[" in text or "{" in text else text
    if "[" in text:
        text = _FOOTNOTE_MARK.sub("", text)
        for _ in range(2):  # a link may hold brackets once
            text = _LINK.sub(r"\1", text)
    if "<" in text:
        text = _TAG.sub(_tag_space, _AUTOLINK.sub(r"\1", text))
    for _ in range(2):  # bold inside italics
        text = _UNDERLINE.sub(r"\2", _EMPHASIS.sub(r"\2", text))
    return html.unescape(_ESCAPED.sub(lambda match: chr(ord(match.group()) - _SHIFT), text))


def _tag_space(match: re.Match[str]) -> str:
    """What a tag leaves: nothing inside a word, a space between blocks."""
    return "" if (match.group(1) or match.group(2) or "").lower() in _INLINE_TAGS else " "


def _without_hidden(text: str) -> str:
    """``text`` without comments, scripts and styles that stand outside fenced code."""
    if "<" not in text:
        return text
    kept: list[str] = []
    prose: list[str] = []
    fence = ""
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if not fence and match and "<!--" not in "".join(prose[-1:]):
            kept.append(_HIDDEN.sub("", _COMMENT.sub("", "\n".join(prose))))
            prose, fence = [], match.group(2)
            kept.append(line)
        elif fence:
            kept.append(line)
            if match and match.group(2).startswith(fence) and not match.group(3).strip():
                fence = ""
        else:
            prose.append(line)
    kept.append(_HIDDEN.sub("", _COMMENT.sub("", "\n".join(prose))))
    return "\n".join(kept)


class _Reader:
    """Line by line into an outline."""

    def __init__(self, outline: Outline, depth: int = 0) -> None:
        self.outline = outline
        self.depth = depth
        self.lines: list[str] = []
        self.at = 0
        self.paragraph: list[str] = []
        self.item = False

    def read(self, lines: list[str]) -> None:
        """Every block of ``lines``."""
        self.lines, self.at = lines, 0
        while self.at < len(self.lines):
            line = self.lines[self.at].expandtabs(4)
            if not self._block(line):
                self._text(line)
            self.at += 1
        self._flush()

    def _block(self, line: str) -> bool:
        """Take what starts at ``line`` when it is more than text; leaves ``at`` on its last line."""
        if not line.strip():
            self._flush()
            return True
        return (
            self._fence(line)
            or self._indented_code(line)
            or self._heading(line)
            or self._noise(line)
            or self._quote(line)
            or self._table(line)
            or self._list_item(line)
        )

    def _fence(self, line: str) -> bool:
        match = _FENCE.match(line)
        if not match:
            return False
        self._flush()
        indent, fence, info = match.groups()
        body: list[str] = []
        for line in self._following():
            end = _FENCE.match(line)
            if end and end.group(2).startswith(fence) and not end.group(3).strip():
                break
            body.append(line[len(indent) :] if line[: len(indent)].isspace() else line)
        self._fenced(info.strip(), body)
        return True

    def _following(self) -> Iterator[str]:
        """The lines after this one, each taken as it is asked for."""
        while self.at + 1 < len(self.lines):
            self.at += 1
            yield self.lines[self.at]

    def _fenced(self, info: str, body: list[str]) -> None:
        directive = re.match(r"\{([\w:-]+)\}\s*(.*)", info)
        name = directive.group(1).lower() if directive else ""
        if name in _DROPPED_DIRECTIVES:
            return
        if directive and name not in _CODE_DIRECTIVES and self.depth < _MAX_DEPTH:
            _Reader(self.outline, self.depth + 1).read([b for b in body if not re.match(r"^:[\w-]+:", b)])
            return
        word = (directive.group(2) if directive else info).split()[:1]
        language = re.sub(r"[^\w+#.-]", "", word[0])[:20] if word else ""
        self.outline.add(Block("\n".join(b.rstrip() for b in body).strip("\n"), "code", language))

    def _indented_code(self, line: str) -> bool:
        if self.paragraph or self.item or not line.startswith("    "):
            return False
        body = [line]
        for line in self._following():
            if line.strip() and not line.expandtabs(4).startswith("    "):
                self.at -= 1
                break
            body.append(line.expandtabs(4))
        self.outline.add(Block("\n".join(dedent(body)), "code"))
        return True

    def _heading(self, line: str) -> bool:
        match = _ATX.match(line)
        if match:
            self._flush()
            title = _HEADING_ID.sub("", " ".join(line[match.end() :].split()))
            self._open(len(match.group(1)), _CLOSING_HASHES.sub("", title))
            return True
        setext = _SETEXT.match(line)
        if setext and self.paragraph and not self.item:
            title = " ".join(self.paragraph)
            self.paragraph = []
            self._open(1 if setext.group(1)[0] == "=" else 2, title)
            return True
        if _RULE.match(line):
            self._flush()
            return True
        return False

    def _open(self, level: int, title: str) -> None:
        self.item = False
        self.outline.heading(level, inline(_HEADING_ID.sub("", " ".join(title.split()))))

    def _noise(self, line: str) -> bool:
        if _CONTAINER.match(line):
            self._flush()
            self._dedent_following()
            return True
        return bool(_LINE_NOISE.match(line) or (not self.paragraph and (_DEFINITION.match(line) or _MDX.match(line))))

    def _dedent_following(self) -> None:
        """An admonition's or tab's indented body becomes plain text in place."""
        end = self.at + 1
        while end < len(self.lines) and (not self.lines[end].strip() or self.lines[end].startswith("    ")):
            self.lines[end] = self.lines[end][4:]
            end += 1

    def _quote(self, line: str) -> bool:
        if not _QUOTE.match(line):
            return False
        self._flush()
        body = [_QUOTE.sub("", line)]
        for line in self._following():
            if not _QUOTE.match(line):
                self.at -= 1
                break
            body.append(_QUOTE.sub("", line))
        body[0] = _ALERT.sub("", body[0])
        if self.depth < _MAX_DEPTH:
            _Reader(self.outline, self.depth + 1).read(body)
        else:
            self.outline.add(Block(" ".join(body)))
        return True

    def _table(self, line: str) -> bool:
        following = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else ""
        if self.paragraph or "|" not in line or not _is_table_rule(following):
            return False
        header = _cells(line)
        self.at += 1
        rows: list[list[str]] = []
        for line in self._following():
            if not line.strip() or "|" not in line:
                self.at -= 1
                break
            rows.append(_cells(line))
        for block in table_blocks(header, rows):
            self.outline.add(block)
        self.item = False
        return True

    def _list_item(self, line: str) -> bool:
        match = _ITEM.match(line)
        if not match or (self.paragraph and not self.item and match.group(2) not in "-*+1.1)"):
            return False
        self._flush()
        indent, mark, text = match.groups()
        mark = "-" if mark in "-*+" else mark
        self.paragraph = [f"{'  ' * min(len(indent) // 2, 6)}{mark} {text or ''}"]
        self.item = True
        return True

    def _text(self, line: str) -> None:
        if self.item and not self.paragraph and not line.startswith("  "):
            self.item = False
        hard = line.endswith(("  ", "\\"))
        self.paragraph.append(_FOOTNOTE.sub("", line).rstrip("\\ ") + ("\n" if hard else ""))

    def _flush(self) -> None:
        if not self.paragraph:
            return
        first, *more = self.paragraph
        joined = first if self.item else first.lstrip()
        for part in more:
            joined += ("" if joined.endswith("\n") else " ") + part.lstrip(" ")
        self.paragraph = []
        text = inline(joined.strip("\n").rstrip())
        lines = (" ".join(part.split()) if not self.item else part.rstrip() for part in text.split("\n"))
        self.outline.add(Block("\n".join(part for part in lines if part), "item" if self.item else "text"))


def _is_table_rule(line: str) -> bool:
    return "|" in line and "-" in line and len(line) < 2000 and bool(_TABLE_RULE.match(line))


def _cells(line: str) -> list[str]:
    """Cells of a table row, outer bars and markup gone."""
    line = line.strip().removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return [inline(cell.strip().replace("\\|", "|")) for cell in _CELL_BAR.split(line)]
