"""Read JSON out of a model's text. The text is hostile input: nothing here evaluates it."""

from __future__ import annotations

import json
import re
from typing import Any

from seedbed.core.errors import ReplyError

MAX_REPLY_CHARS = 400_000
_FENCE = re.compile(r"```(?:json|JSON)?[ \t]*\r?\n?(.*?)(?:```|\Z)", re.DOTALL)
_THINK = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")


def parse_json_reply(text: str, *, finish: str = "stop") -> Any:
    """The first JSON object or array in ``text``.

    Accepts bare JSON, a fenced block, JSON after or before prose, a leading ``<think>`` block and trailing commas.

    Raises:
        ReplyError: ``reply_empty``, ``reply_too_long``, ``reply_truncated`` or ``reply_not_json``.
    """
    if len(text) > MAX_REPLY_CHARS:
        raise ReplyError(f"reply of {len(text)} characters, more than {MAX_REPLY_CHARS}", code="reply_too_long")
    body = _THINK.sub("", text, count=1).strip()
    if not body:
        raise ReplyError("the reply is empty", code="reply_empty")
    for piece in _pieces(body):
        for attempt in (piece, _TRAILING_COMMA.sub(r"\1", piece)):
            try:
                value, _ = json.JSONDecoder(strict=False).raw_decode(attempt)
            except (json.JSONDecodeError, RecursionError):
                continue
            if isinstance(value, dict | list):
                return value
    if finish == "length":
        raise ReplyError("the reply was cut off at the token limit", code="reply_truncated")
    raise ReplyError(f"no JSON in the reply: {body[:80]!r}", code="reply_not_json")


def _pieces(body: str) -> list[str]:
    """Places where a JSON value may start, most likely first."""
    pieces = [body] if body[0] in "{[" else []
    pieces += [m.group(1).strip() for m in _FENCE.finditer(body)]
    starts = sorted(i for i in (body.find("{"), body.find("[")) if i > 0)
    return pieces + [body[i:] for i in starts]
