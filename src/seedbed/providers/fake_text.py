"""Made-up but readable English and JSON for the fake provider: varied enough to pass near-duplicate checks.

Everything is drawn from one ``random.Random``, so equal seeds give equal text in any process.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

Schema = dict[str, Any]

_WORD = re.compile(r"[A-Za-z][A-Za-z-]{3,18}")
_BLOCK = re.compile(r'"""(.+?)"""|```[a-z]*\n(.+?)```|<(\w+)>\n?(.+?)</\3>', re.DOTALL)
_SENTENCE = re.compile(r"[A-Z][^.!?\n]{30,220}[.!?](?=\s|$)")


def _lists() -> dict[str, list[str]]:
    """The word lists beside this module, by heading."""
    text = Path(__file__).with_name("fake_words.txt").read_text(encoding="utf-8")
    sections = (part.partition("]") for part in text.split("\n[")[1:])
    return {name: [" ".join(item.split()) for item in body.split(",")] for name, _, body in sections}


_LISTS = _lists()
_STOP = frozenset(_LISTS["stop"])
ROLES, THINGS, QUALITIES = _LISTS["roles"], _LISTS["things"], _LISTS["qualities"]
CHANGES, REASONS, ACTIONS = _LISTS["changes"], _LISTS["reasons"], _LISTS["actions"]

_QUESTIONS = (
    "What happens to {k} once the {thing} {change}?",
    "Why would a {role} trust {k} more than a {quality} {thing}?",
    "How can a {role} tell that {k} {change} before the {thing} does?",
    "Which {thing} matters most when {k} {change}?",
    "When does {k} stop being {quality} for a {role}?",
    "How does a {quality} {thing} influence {k} and {k2}?",
    "In what case should {k} be kept apart from the {thing}?",
    "Who decides whether {k} or the {quality} {thing} comes first?",
    "What should a {role} record about {k} if the {thing} {change}?",
    "How many ways are there to connect {k} with a {thing} that {change}?",
    "What makes {k} {quality} in the eyes of a {role}?",
    "Where would a {role} look for {k} after the {thing} {change}?",
    "Can {k} replace a {thing} when {k2} {change}?",
    "What is the first sign that {k} and the {thing} disagree?",
    "How should {k} be explained to a {role} who only knows the {thing}?",
    "Under which conditions is {k} {quality} enough for {number} users of one {thing}?",
)
_STATEMENTS = (
    "A {role} who works with {k} {action}, because {reason}.",
    "With {k}, the {quality} {thing} comes first: {reason}.",
    "Once the {thing} {change}, {k} becomes {quality} within {number} days.",
    "{K} depends on {k2} more than on the {thing}, since {reason}.",
    "In practice a {role} {action} and only then turns to {k}.",
    "The {thing} is {quality} by design, so {k} rarely {change}.",
    "About {number} of every hundred cases show that {k} {change} when {k2} is {quality}.",
    "If {k} {change}, the {role} {action}.",
    "{K} and the {thing} serve different ends: one is {quality}, the other is not, and {reason}.",
    "Nothing about {k} is {quality} until the {thing} {change}.",
)
_TASKS = (
    "Explain to a {role} how {k} behaves when the {thing} {change}.",
    "Compare {k} with a {quality} {thing} in {number} short points.",
    "Write a note that tells a {role} why {k} {change}.",
    "Plan {number} steps that keep {k} {quality} while the {thing} {change}.",
    "Summarise what a {role} needs to know about {k} and {k2}.",
    "Design a test that shows whether {k} is {quality}.",
)
_ASKING = re.compile(r"question|query|problem|ask")
_TASKING = re.compile(r"instruction|prompt|task|request")
_BRIEF = re.compile(r"title|name|topic|label|categor|aspect|keyword|tag|persona|subject|heading|slug|word|term")
_GROUNDED = re.compile(r"answer|response|output|completion|context|evidence|quote|support")


class Writer:
    """Draws text and JSON about a prompt.

    Args:
        rng: the only source of chance.
        prompt: the last user turn: keywords and quoted blocks are taken from it.
    """

    def __init__(self, rng: Random, prompt: str) -> None:
        self.rng = rng
        blocks = ["".join(m.group(1) or m.group(2) or m.group(4) or "") for m in _BLOCK.finditer(prompt)]
        source = max(blocks, key=len, default="")
        self.sentences = _SENTENCE.findall(source[:20_000])[:60]
        counted = Counter(w.lower() for w in _WORD.findall((source or prompt)[:20_000]))
        self.keywords = [w for w, _ in counted.most_common(60) if w not in _STOP][:24] or ["the subject"]

    def _fill(self, template: str) -> str:
        pick = self.rng.choice
        first, second = pick(self.keywords), pick(self.keywords)
        if second == first:
            second = pick(THINGS)
        return template.format(
            k=first, K=first.capitalize(), k2=second, role=pick(ROLES), thing=pick(THINGS), quality=pick(QUALITIES),
            change=pick(CHANGES), reason=pick(REASONS), action=pick(ACTIONS), number=self.rng.randint(2, 97),
        )  # fmt: skip

    def question(self) -> str:
        """One question."""
        return self._fill(self.rng.choice(_QUESTIONS))

    def statement(self) -> str:
        """One declarative sentence."""
        return self._fill(self.rng.choice(_STATEMENTS))

    def phrase(self) -> str:
        """Two to four words."""
        pick = self.rng.choice
        return f"{pick(QUALITIES)} {pick(self.keywords)} {pick(THINGS)}"

    def paragraph(self, sentences: int) -> str:
        """Declarative sentences, joined."""
        return " ".join(self.statement() for _ in range(sentences))

    def grounded(self) -> str:
        """A sentence quoted from the prompt's material where it holds some, else two of one's own."""
        if self.sentences:
            return str(self.rng.choice(self.sentences)).strip()
        return self.paragraph(2)

    def text(self, name: str) -> str:
        """Text fit for a field called ``name``."""
        name = name.lower()
        if _ASKING.search(name):
            return self.question()
        if _TASKING.search(name):
            return self._fill(self.rng.choice(_TASKS))
        if _BRIEF.search(name):
            return self.phrase()
        return self.grounded() if _GROUNDED.search(name) else self.paragraph(self.rng.randint(1, 2))

    def value(self, schema: Schema) -> Any:
        """A JSON value that fits ``schema``; see ``_Filler``."""
        return _Filler(self, schema).fill(schema, "")


class _Filler:
    """A value for a JSON schema: types, enums, bounds, lengths, nesting, references, unions, formats, easy patterns."""

    _MAX_DEPTH = 12

    def __init__(self, writer: Writer, root: Schema) -> None:
        self.writer, self.rng, self.root = writer, writer.rng, root

    def fill(self, schema: Any, name: str, depth: int = 0) -> Any:
        if not isinstance(schema, dict):
            return self.writer.text(name)
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self.rng.choice(schema["enum"])
        kind = self._kind(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in ("integer", "number"):
            return self._number(schema, kind)
        if kind == "boolean":
            return self.rng.random() < 0.85
        return None if kind == "null" else self._string(schema, name)

    def _resolved(self, schema: Schema) -> Schema:
        for _ in range(self._MAX_DEPTH):
            ref = schema.get("$ref")
            if isinstance(ref, str) and ref.startswith("#/"):
                target: Any = self.root
                for part in ref[2:].split("/"):
                    target = target.get(part, {}) if isinstance(target, dict) else {}
                schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
                continue
            choices = schema.get("anyOf") or schema.get("oneOf")
            if choices:
                useful = [c for c in choices if not (isinstance(c, dict) and c.get("type") == "null")]
                schema = self.rng.choice(useful or choices)
                continue
            merged: Schema = {}
            for part in schema.get("allOf") or ():
                merged |= part
            return {**merged, **schema}
        return {}

    def _kind(self, schema: Schema) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), "null")
        if isinstance(kind, str):
            return kind
        return "object" if "properties" in schema else "array" if "items" in schema else "string"

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        required = set(schema.get("required") or ())
        return {
            key: self.fill(part, key, depth + 1)
            for key, part in (schema.get("properties") or {}).items()
            if key in required or depth < self._MAX_DEPTH
        }

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        least = int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", max(least, 3)))
        count = self.rng.randint(max(least, min(1, most)), max(least, min(most, least + 4)))
        if depth >= self._MAX_DEPTH:
            count = least
        found: list[Any] = []
        for _ in range(count * 8):
            if len(found) == count:
                break
            item = self.fill(schema.get("items", {}), name.removesuffix("s"), depth + 1)
            if not schema.get("uniqueItems") or item not in found:
                found.append(item)
        return found

    def _number(self, schema: Schema, kind: str) -> int | float:
        step = 1 if kind == "integer" else 0.001
        low = schema.get("minimum", schema.get("exclusiveMinimum", -step) + step)
        high = schema.get("maximum", schema.get("exclusiveMaximum", max(low, 0) + 100 + step) - step)
        if high - low <= 10 and "maximum" in schema and "minimum" in schema:
            low = low + (high - low) / 2  # scores: a fake judge is content more often than not
        multiple = schema.get("multipleOf")
        if multiple:
            first, last = -(-low // multiple), high // multiple
            value = self.rng.randint(int(first), int(max(first, last))) * multiple
            return int(value) if kind == "integer" else value
        if kind == "integer":
            return self.rng.randint(int(-(-low // 1)), int(high // 1))
        return round(self.rng.uniform(low, high), 3)

    def _string(self, schema: Schema, name: str) -> str:
        made = _FORMATS.get(schema.get("format", ""))
        text = made(self.rng) if made else self.writer.text(name)
        pattern = schema.get("pattern")
        if pattern:
            text = self._matching(pattern, text)
        least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
        while len(text) < least:
            text = f"{text} {self.writer.statement()}".strip()
        if isinstance(most, int) and len(text) > most:
            cut = text[:most].rsplit(" ", 1)[0]
            text = cut if len(cut) >= max(1, least) else text[:most]
        return text

    def _matching(self, pattern: str, text: str) -> str:
        """The first of some common forms that matches; ``text`` where none does."""
        digits = "".join(str(self.rng.randint(1, 9)) for _ in range(12))
        word = self.rng.choice(THINGS)
        tries = [text, word, word.capitalize(), word.upper(), f"{word}_{digits[:2]}", f"{word}-{digits[:3]}"]
        tries += [digits[:n] for n in range(1, 13)] + [word[:n].upper() for n in range(1, 6)]
        tries += [f"{word[:3].upper()}-{digits[:n]}" for n in range(1, 7)]
        return next((t for t in tries if re.search(pattern, t)), text)


_FORMATS = {
    "date": lambda rng: f"{rng.randint(1990, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
    "date-time": lambda rng: f"{rng.randint(1990, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T12:00:00Z",
    "time": lambda rng: f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:00Z",
    "email": lambda rng: f"{rng.choice(ROLES)}{rng.randint(1, 999)}@example.org",
    "uri": lambda rng: f"https://example.org/{rng.choice(THINGS)}/{rng.randint(1, 999)}",
    "uuid": lambda rng: "-".join(f"{rng.getrandbits(4 * n):0{n}x}" for n in (8, 4, 4, 4, 12)),
}
