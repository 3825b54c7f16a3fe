"""What a topic consists of, asked of the writer: the aspects that coverage steering draws from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import ReplyError
from seedbed.core.identity import normalised_text
from seedbed.core.replies import parse_json_reply
from seedbed.recipes.asking import conversation, object_schema, topic_words

if TYPE_CHECKING:
    from seedbed.core.protocols import Generate, Prompts
    from seedbed.core.records import Content, Topic

PROMPT = "aspects"
MOST_CHARS = 60
MOST_WORDS = 8
_NUMBERING = re.compile(r"^\s*(?:(?:[-*+•–]|\(?\d{1,3}[.):]|\(?[a-z][.)]|aspect \d+:?)\s+)+", re.IGNORECASE)
_EDGES = " \t\r\n\"'`*_.,;:-–"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

EXAMPLES: tuple[tuple[dict[str, Any], Content], ...] = (
    (
        {"topic": "Bread baking", "description": "", "known": (), "n": 6},
        {
            "aspects": [
                "kneading and gluten",
                "sourdough starters",
                "proofing times",
                "salt in the dough",
                "scoring the loaf",
                "steam in the oven",
            ]
        },
    ),
)


async def propose_aspects(
    topic: Topic, generate: Generate, prompts: Prompts, n: int = 8, *, known: Sequence[str] = (), sample: int = 0
) -> list[str]:
    """Up to ``n`` short texts, each naming one part of ``topic``; none where the reply is of no use. Calls the writer.

    Args:
        topic: what to divide.
        generate: as recipes get it.
        prompts: as recipes get them.
        n: how many to ask for.
        known: aspects there are already; they are told to the model and never returned.
        sample: which of several equal requests.

    Raises:
        ProviderError, BudgetExceededError: from ``generate``.
    """
    values = {"topic": topic_words(topic.path), "description": topic.description, "known": tuple(known), "n": n}
    reply = await generate(
        conversation(prompts, PROMPT, values, EXAMPLES),
        schema=aspects_schema(n),
        max_tokens=200 + 40 * n,
        temperature=0.8,
        sample=sample,
    )
    return clean_aspects(_lines(reply.text, reply.finish), topic=topic, known=known)[:n]


def aspects_schema(n: int) -> dict[str, Any]:
    """Schema of a list of at most ``n`` short noun phrases."""
    phrase = {
        "type": "string",
        "minLength": 3,
        "maxLength": MOST_CHARS,
        "pattern": '^[A-Za-z0-9][^"\\\\\n.:;?!]{2,58}$',
    }
    return object_schema({"aspects": {"type": "array", "items": phrase, "minItems": (n + 1) // 2, "maxItems": n}})


def _lines(text: str, finish: str) -> list[Any]:
    """The items of a JSON reply, or the lines of one that is not JSON."""
    try:
        value = parse_json_reply(text, finish=finish)
    except ReplyError:
        return [] if text.lstrip().startswith(("{", "[")) else text[:5000].splitlines()
    if isinstance(value, dict):
        value = value.get("aspects") or next((v for v in value.values() if isinstance(v, list)), [])
    return value if isinstance(value, list) else []


def clean_aspects(items: Iterable[Any], *, topic: Topic, known: Iterable[str] = ()) -> list[str]:
    """Usable aspects in order: numbering off, no blank, over-long or repeated one, no echo of the topic or example."""
    name = topic.path.rpartition("/")[2]
    echoes = {topic.path, name, topic.path.replace("/", " > "), topic.description, *known}
    echoes |= {text for _, shown in EXAMPLES for text in shown["aspects"]}
    seen = {_key(text) for text in echoes}
    found: list[str] = []
    for item in items:
        if not isinstance(item, str):
            continue
        text = _NUMBERING.sub("", " ".join(_UNPRINTABLE.sub(" ", item).split())).strip(_EDGES)
        key = _key(text)
        usable = 3 <= len(text) <= MOST_CHARS and len(text.split()) <= MOST_WORDS and any(c.isalpha() for c in text)
        if usable and key not in seen:
            seen.add(key)
            found.append(text)
    return found


def _key(text: str) -> str:
    """What two spellings of one aspect share: case, articles, plural and separators do not count."""
    words = [w for w in re.split(r"[\W_]+", normalised_text(text)) if w not in ("the", "a", "an", "of", "and", "in")]
    return " ".join(w.removesuffix("s") for w in words)
