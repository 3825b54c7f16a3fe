"""Inline markup of reStructuredText as plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_LABEL = re.compile(r"^\s*\.\.\s+_([^:`]+|`[^`]+`):\s*(.*)$")
_SUBSTITUTION = re.compile(r"^\s*\.\.\s+\|([^|]+)\|\s+(\w+)::\s*(.*)$")
_ADORNMENT = re.compile(r"^([!-/:-@\[-`{-~])\1{2,}$")
_TOKEN = re.compile(
    r"``(?P<literal>[^`\n]+(?:`(?!`)[^`\n]*)*)``"
    r"|:(?P<role>[a-zA-Z][\w:+.-]{0,60}):`(?P<text>(?:\\.|[^`\\])+)`"
    r"|`(?P<link>(?:\\.|[^`\\])+)`(?P<after>__?|:[a-zA-Z][\w:+.-]{0,60}:)?"
    r"|\*\*(?P<strong>[^*\s](?:[^*]*[^*\s])?)\*\*"
    r"|(?<!\w)\*(?P<emphasis>[^*\s](?:[^*]*[^*\s])?)\*(?!\w)"
    r"|(?<!\w)\|(?P<name>[^|\s][^|\n]{0,80})\|_{0,2}(?!\w)"
    r"|[ ]?\[(?:\d+|#[\w-]*|\*|[A-Za-z][\w.-]*)\]_(?!\w)"
    r"|(?<![\w`])(?P<word>[A-Za-z0-9]+(?:[-_.+:][A-Za-z0-9]+)*)__?(?![\w`])"
    r"|\\(?P<escaped>.)"
)
_EXPLICIT_TARGET = re.compile(r"^(.*?)\s*<([^<>]*)>$", re.DOTALL)
_LITERAL_ROLES = frozenset(("code", "literal", "samp", "file", "command", "option", "envvar", "program", "makevar"))
_PLAIN_LABEL = re.compile(r"[_-]+")


@dataclass(frozen=True, slots=True)
class References:
    """What names in the document stand for.

    Attributes:
        titles: label → title of the section it stands before.
        targets: names that ``word_`` may refer to.
        substitutions: ``|name|`` → its text, empty for images.
    """

    titles: dict[str, str] = field(default_factory=dict)
    targets: frozenset[str] = frozenset()
    substitutions: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(lines: Sequence[str]) -> References:
        """The labels and substitutions defined in ``lines``."""
        titles: dict[str, str] = {}
        substitutions: dict[str, str] = {}
        targets: set[str] = set()
        waiting: list[str] = []
        for index, line in enumerate(lines):
            label = _LABEL.match(line)
            substitution = _SUBSTITUTION.match(line)
            if label:
                name = label.group(1).strip("`").casefold()
                targets.add(name)
                waiting = [*waiting, name] if not label.group(2) else waiting
            elif substitution:
                name, kind, text = substitution.groups()
                substitutions[name] = text if kind == "replace" else ""
            elif line and not _ADORNMENT.match(line):
                if waiting and _ADORNMENT.match(lines[index + 1] if index + 1 < len(lines) else ""):
                    titles.update(dict.fromkeys(waiting, line.strip()))
                waiting = []
        return References(titles, frozenset(targets), substitutions)


def inline(text: str, references: References) -> str:
    """``text`` without inline markup: literals in single backticks, roles and links as the words they show."""
    return " ".join(_TOKEN.sub(lambda match: _plain(match, references), text).split())


def _plain(match: re.Match[str], references: References) -> str:
    kind = match.lastgroup
    if kind == "literal":
        return f"`{match['literal'].strip()}`"
    if match["role"]:
        return _role(match["role"], match["text"], references)
    if match["link"]:
        after = match["after"] or ""
        if after.startswith(":"):
            return _role(after.strip(":"), match["link"], references)
        shown = _EXPLICIT_TARGET.match(match["link"]) if after else None
        return _unescaped(shown.group(1) or shown.group(2) if shown else match["link"])
    if kind in ("strong", "emphasis"):
        return _unescaped(match[kind])
    if kind == "name":
        known = references.substitutions.get(match["name"])
        return known if known is not None else match["name"]
    if kind == "word":
        return match["word"] if match["word"].casefold() in references.targets else match.group()
    if kind == "escaped":
        return "" if match["escaped"].isspace() else match["escaped"]
    return ""  # a footnote or citation mark


def _role(role: str, text: str, references: References) -> str:
    short = role.rpartition(":")[2].lower()
    if short in _LITERAL_ROLES:
        return f"`{text}`"
    shown = _EXPLICIT_TARGET.match(text)
    if shown and shown.group(1):
        return _unescaped(shown.group(1))
    text = _unescaped(text.strip("<>"))
    if short in ("ref", "numref", "doc", "any", "std-ref"):
        title = references.titles.get(text.casefold())
        return _TOKEN.sub("", title) if title else _PLAIN_LABEL.sub(" ", text.rpartition("/")[2]).strip()
    if short in ("pep", "rfc"):
        return f"{short.upper()} {text}"
    if short in ("issue", "pr", "pull", "gh"):
        return f"#{text.removeprefix('#')}"
    if text.startswith("~"):
        return text.rpartition(".")[2].lstrip("~")
    return text.lstrip("!.") if short not in ("math", "kbd") else text


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text) if "\\" in text else text
