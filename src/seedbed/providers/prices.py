"""What calls cost: a dated table in the package, with a project's own file before it. Unknown stays unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import ConfigError
from seedbed.core.strict_yaml import YamlError, load_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedbed.core.records import Usage

_TABLE = Path(__file__).with_name("prices.yaml")
_PER = 1_000_000
_DATED = re.compile(r"(?:[-@:](?:20\d{2}-?\d{2}-?\d{2}|latest|preview(?:-\d{2}-\d{2,4})?|\d{3}))+$")
_PAID_OLLAMA = re.compile(r"[:-]cloud$")


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens; ``cached`` is the rate of prompt tokens read from the provider's cache."""

    input: float
    cached: float
    output: float

    def cost(self, usage: Usage) -> float:
        """USD for ``usage``; cached tokens are part of the prompt, reasoning tokens of the completion."""
        cached = min(usage.cached_tokens, usage.prompt_tokens)
        fresh = usage.prompt_tokens - cached
        return (fresh * self.input + cached * self.cached + usage.completion_tokens * self.output) / _PER


FREE = Price(0.0, 0.0, 0.0)


class PriceTable:
    """Prices by provider and model. Made by ``load``.

    Attributes:
        as_of: date of the built-in prices, ISO.
    """

    def __init__(self, prices: Mapping[str, Mapping[str, Price]], *, free: frozenset[str], as_of: str) -> None:
        self._prices = prices
        self._free = free
        self.as_of = as_of

    @classmethod
    def load(cls, override: Path | None = None) -> PriceTable:
        """The built-in table, with the prices in ``override`` (same form, any part of it) before it.

        Raises:
            ConfigError: ``override`` cannot be read or has another form; names the entry.
        """
        table = _read(_TABLE)
        prices = _prices(table, _TABLE)
        free = set(table["free"])
        if override is not None:
            own = _read(override)
            for provider, models in _prices(own, override).items():
                prices[provider] = {**prices.get(provider, {}), **models}
                free.discard(provider)
            free |= _names(own.get("free") or [], override)
        return cls(prices, free=frozenset(free), as_of=str(table["as_of"]))

    def price(self, provider: str, model: str) -> Price | None:
        """The price of ``model``, or ``None`` where it is unknown.

        A dated or tagged name (``gpt-4o-mini-2024-07-18``, ``claude-haiku-4-5-20251001``, ``…-latest``) has the price
        of its family; any other ending is another model.
        """
        models = self._prices.get(provider, {})
        name = model.removeprefix("models/")
        found = models.get(name) or models.get(_DATED.sub("", name))
        if found is None and provider in self._free and not (provider == "ollama" and _PAID_OLLAMA.search(name)):
            return FREE
        return found

    def cost(self, provider: str, model: str, usage: Usage) -> float | None:
        """USD for ``usage``, or ``None`` where the price is unknown; what a provider itself reported goes first."""
        if usage.cost_usd is not None:
            return usage.cost_usd
        price = self.price(provider, model)
        return price.cost(usage) if price is not None else None


def _read(path: Path) -> dict[str, Any]:
    try:
        data = load_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YamlError) as error:
        raise ConfigError(f"cannot read prices from {path}: {error}", place={"file": str(path)}) from error
    if not isinstance(data, dict):
        raise _wrong(path, "the file", "write a mapping with the key prices")
    unknown = sorted(str(key) for key in set(data) - {"as_of", "free", "prices"})
    if unknown:
        raise _wrong(path, unknown[0], "known keys: as_of, free, prices")
    return data


def _prices(data: Mapping[str, Any], path: Path) -> dict[str, dict[str, Price]]:
    found: dict[str, dict[str, Price]] = {}
    table = data.get("prices") or {}
    if not isinstance(table, dict):
        raise _wrong(path, "prices", "write provider: {model: [input, cached, output]}")
    for provider, models in table.items():
        if not isinstance(models, dict):
            raise _wrong(path, f"prices.{provider}", "write model: [input, cached, output]")
        found[str(provider)] = {str(m): _price(row, path, f"prices.{provider}.{m}") for m, row in models.items()}
    return found


def _price(row: Any, path: Path, where: str) -> Price:
    """A price from ``[input, cached, output]``, ``[input, output]`` or a mapping with these keys."""
    values = [row.get("input"), row.get("cached"), row.get("output", 0.0)] if isinstance(row, dict) else row
    if isinstance(values, list) and len(values) == 2:
        values = [values[0], None, values[1]]
    if not isinstance(values, list) or len(values) != 3 or not _is_price(values[0]) or not _is_price(values[2]):
        raise _wrong(path, where, "write [input, cached, output] in USD per million tokens")
    if values[1] is not None and not _is_price(values[1]):
        raise _wrong(path, where, "the cached rate is a number or null")
    return Price(float(values[0]), float(values[0] if values[1] is None else values[1]), float(values[2]))


def _is_price(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _names(value: Any, path: Path) -> set[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _wrong(path, "free", "write a list of provider names")
    return set(value)


def _wrong(path: Path, where: str, fix: str) -> ConfigError:
    return ConfigError(f"{path.name}: {where} is not as expected", place={"file": str(path), "field": where}, fix=fix)
