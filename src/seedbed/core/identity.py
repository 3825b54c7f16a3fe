"""Identity as a hash of inputs: calls, seeds, entries, jobs.

Hashes are over canonical JSON (sorted keys, no spaces, UTF-8), so that equal inputs give equal keys in any process.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed.core.records import ChatRequest, Content

_SPACE = re.compile(r"\s+")
_HEAD = re.compile(r"\W*")


def canonical_json(value: Any) -> str:
    """JSON text with sorted keys and no spaces; lone surrogates survive as escapes."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return text


def digest(value: Any, *, size: int = 16) -> bytes:
    """BLAKE2b digest of ``size`` bytes over the canonical JSON of ``value``."""
    return hashlib.blake2b(canonical_json(value).encode("utf-8"), digest_size=size).digest()


def entry_id(kind: str, content: Content, *, again: int = 0) -> str:
    """Public id of an entry: 20 hex characters over kind and validated content; the topic is not part of it.

    Args:
        kind: name of the schema.
        content: validated.
        again: tells entries apart that have the same content all the same: the second has 1, the third 2.
    """
    return digest([kind, content, again] if again else [kind, content], size=10).hex()


def seed_uid(source: str, position: int, text: str) -> str:
    """20 hex characters over source, position and text."""
    return digest([source, position, text], size=10).hex()


def normalised_text(text: str) -> str:
    """Text compared for exact duplicates: NFKC, case-folded, white space collapsed, outer punctuation dropped."""
    folded = unicodedata.normalize("NFKC", text).casefold() if not text.isascii() else text.lower()
    spaced = _SPACE.sub(" ", folded)
    start, end = _head(spaced), len(spaced)
    # From the end by hand: an expression anchored there takes quadratic time on long runs of punctuation.
    while end > start and not (spaced[end - 1].isalnum() or spaced[end - 1] == "_"):
        end -= 1
    return spaced[start:end]


def _head(text: str) -> int:
    found = _HEAD.match(text)
    return found.end() if found else 0


def text_hash(text: str) -> bytes:
    """8 bytes of BLAKE2b over the normalised text."""
    data = normalised_text(text).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=8).digest()


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """Everything that decides what a model is asked; each field changes the key.

    Attributes:
        endpoint: ``provider`` name plus base URL (no key).
        request: model, messages with the system turn, schema, sampling parameters and tools.
        recipe, recipe_version: who asks.
        seed_uid: what it works from.
        sample: which of several equal requests.
    """

    endpoint: str
    request: ChatRequest
    recipe: str = ""
    recipe_version: str = ""
    seed_uid: str = ""
    sample: int = 0

    def key(self) -> bytes:
        """16 bytes that key cache, resume and provenance."""
        r = self.request
        return digest(
            [
                self.endpoint, self.recipe, self.recipe_version, self.seed_uid, self.sample,
                r.model, [[m.role, m.content] for m in r.messages], r.schema, r.max_tokens, r.temperature,
                r.top_p, r.seed, list(r.stop), list(r.tools),
            ]
        )  # fmt: skip
