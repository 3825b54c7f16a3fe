"""A server's refusal as one of our errors: the only place where status codes and error bodies are read.

Messages carry at most one line of the body, without control characters and without anything secret that was sent.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from seedbed.core.errors import (
    AuthError,
    BadRequestError,
    ContextWindowError,
    ProviderError,
    QuotaError,
    RateLimitError,
    RefusalError,
    RequestTimeoutError,
    ServerError,
)

MAX_EXCERPT = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_KEYLIKE = re.compile(r"\b(?:sk|pk|rk|gsk|xai|AIza)[-_A-Za-z0-9*]{8,}")
_CONTEXT = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|context (?:window|length|size)|num_ctx"
    r"|prompt is too long|input (?:token count|is too long|length)|too many (?:input )?tokens|reduce the length",
    re.IGNORECASE,
)
_QUOTA = re.compile(
    r"insufficient[_ ](?:quota|balance|credit|funds)|credit balance|billing|out of credit|exceeded your current quota"
    r"|spend(?:ing)? limit|quota_exceeded",
    re.IGNORECASE,
)
_DAILY = re.compile(r"PerDay|per day|daily (?:limit|quota)", re.IGNORECASE)
_FILTERED = re.compile(r"content_policy|content_filter|content management policy|safety_violation", re.IGNORECASE)
_BAD_KEY = re.compile(r"API_KEY_INVALID|API key (?:not valid|expired)|invalid[_ ]api[_ ]key", re.IGNORECASE)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_RESET_HEADERS = ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "x-ratelimit-reset", "ratelimit-reset")
_EPOCH_S, _EPOCH_MS = 1e8, 1e11


def excerpt(text: str, secrets: Iterable[str] = ()) -> str:
    """One printable line of ``text``, at most 200 characters, with ``secrets`` and anything like a key blotted out."""
    text = text[: 20 * MAX_EXCERPT]
    for secret in secrets:
        text = text.replace(secret, "***")
    line = _CONTROL.sub(" ", _KEYLIKE.sub("***", text)).strip()
    return line if len(line) <= MAX_EXCERPT else line[: MAX_EXCERPT - 1] + "…"


def error_for(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    name: str,
    secrets: Iterable[str] = (),
) -> ProviderError:
    """The typed error for an answer with an error ``status``; never raises, whatever the body holds."""
    data = _parsed(body)
    fields = _fields(data)
    raw = fields["message"] or body[: 20 * MAX_EXCERPT].decode("utf-8", "replace")
    everything = " ".join((raw, fields["code"], fields["type"], fields["param"]))
    place: dict[str, Any] = {"provider": name, "status": status}
    place |= {key: excerpt(fields[key], secrets) for key in ("code", "type", "param") if fields[key]}
    wait = retry_after(headers, data)
    kind = _kind(status, everything, wait)
    message = f"{name} answered {status}: {excerpt(raw, secrets) or 'no message'}"
    return kind(
        message, status=status, place=place, fix=_fix(kind, status), retry_after_s=wait if kind.retryable else None
    )


def _kind(status: int, text: str, wait: float | None) -> type[ProviderError]:
    if status == 429:
        # Gemini words its per-minute limit like a quota; only a daily one, or one without a wait, is used up.
        used_up = "insufficient_quota" in text or (_QUOTA.search(text) and wait is None) or _DAILY.search(text)
        return QuotaError if used_up else RateLimitError
    if status == 402:
        return QuotaError
    if status in (401, 403) or (status == 400 and _BAD_KEY.search(text)):
        return AuthError
    if status in (408, 504) or status == 524:
        return RequestTimeoutError
    if _CONTEXT.search(text):
        return ContextWindowError
    if status >= 500:
        return ServerError
    if _QUOTA.search(text):
        return QuotaError
    return RefusalError if _FILTERED.search(text) else BadRequestError


def _fix(kind: type[ProviderError], status: int) -> str | None:
    if kind is AuthError:
        return "check the key and what it may use"
    if kind is QuotaError:
        return "add credit or use another provider"
    if kind is ContextWindowError:
        return "use smaller chunks or a model with a larger context"
    if status == 404:
        return "check the model's name and the base URL"
    if 300 <= status < 400:
        return "set base_url to where the server really is; redirects are not followed with a key"
    return None


def _parsed(body: bytes) -> Any:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return data[0] if isinstance(data, list) and data else data


def _fields(data: Any) -> dict[str, str]:
    """``message``, ``code``, ``type`` and ``param`` as the dialects spell them, empty where absent."""
    found = {"message": "", "code": "", "type": "", "param": ""}
    if not isinstance(data, dict):
        return found
    error = data.get("error", data)
    if isinstance(error, str):
        return {**found, "message": error}
    if not isinstance(error, dict):
        return found
    message = error.get("message") or error.get("detail") or data.get("message") or ""
    found["message"] = message if isinstance(message, str) else json.dumps(message)
    for key, names in {"code": ("code", "status"), "type": ("type", "status"), "param": ("param",)}.items():
        values = (error.get(n) for n in names)
        found[key] = next((v for v in values if isinstance(v, str)), "")
    metadata = error.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("raw"), str):  # a router passes its upstream's words on
        found["message"] += " " + metadata["raw"]
    if isinstance(error.get("details"), list):
        found["code"] += " " + json.dumps(error["details"])[:2000]
    return found


def retry_after(headers: Mapping[str, str], data: Any = None) -> float | None:
    """Seconds the server asked to wait, at least 0, or ``None`` where it did not say.

    Reads ``retry-after-ms``, ``Retry-After`` (seconds or an HTTP date), a Gemini ``retryDelay`` in the body, and the
    reset headers of the OpenAI family (``1m3s``, ``250ms``, seconds, or a time in seconds or milliseconds).
    """
    wait = number(headers.get("retry-after-ms"))
    if wait is not None:
        return max(0.0, wait / 1000)
    value = headers.get("Retry-After")
    if value:
        wait = number(value)
        return max(0.0, wait) if wait is not None else _until(value, headers)
    details = data.get("error", {}).get("details") if isinstance(data, dict) and _is_object(data.get("error")) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and isinstance(detail.get("retryDelay"), str):
            return duration_s(detail["retryDelay"])
    resets = [duration_s(headers[h], headers=headers) for h in _RESET_HEADERS if h in headers]
    known = [r for r in resets if r is not None]
    return min(known) if known else None


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def number(value: str | None) -> float | None:
    """``value`` as a finite number, or ``None``."""
    if value is None:
        return None
    try:
        parsed = float(value)
    except ValueError:
        return None
    return parsed if abs(parsed) < float("inf") else None


def duration_s(value: str, *, headers: Mapping[str, str] | None = None) -> float | None:
    """Seconds meant by ``6m0s``, ``120ms``, ``13s``, ``2``, an RFC 3339 time or a Unix time; ``None`` if none of these.

    Times are counted from the answer's ``Date`` header, so a wrong clock here does no harm.
    """
    plain = number(value)
    if plain is not None:
        if plain > _EPOCH_S:
            return max(0.0, (plain / 1000 if plain > _EPOCH_MS else plain) - _now(headers or {}))
        return max(0.0, plain)
    parts = _DURATION.findall(value)
    if parts and _DURATION.sub("", value).strip() == "":
        return sum(float(amount) * _SECONDS[unit] for amount, unit in parts)
    return _until(value, headers or {})


def _until(value: str, headers: Mapping[str, str]) -> float | None:
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        try:
            when = datetime.fromisoformat(value)
        except ValueError:
            return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, when.timestamp() - _now(headers))


def _now(headers: Mapping[str, str]) -> float:
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()
