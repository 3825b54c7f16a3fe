"""The most a run may spend: reserved before a call is sent, settled when it is known."""

from __future__ import annotations

from dataclasses import dataclass

from seedbed.core.errors import BudgetExceededError, ConfigError


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one call may take at most."""

    tokens: int
    cost_usd: float | None


class Budget:
    """Limits on calls, tokens and money, open reservations included. Used on one event loop only.

    Args:
        max_cost_usd: most money, or ``None``.
        max_tokens: most tokens, or ``None``.
        max_calls: most calls, or ``None``.
    """

    def __init__(
        self, *, max_cost_usd: float | None = None, max_tokens: int | None = None, max_calls: int | None = None
    ) -> None:
        self.max_cost_usd, self.max_tokens, self.max_calls = max_cost_usd, max_tokens, max_calls
        self.calls = 0
        self.spent_tokens, self.spent_usd = 0, 0.0
        self._held_tokens, self._held_usd = 0, 0.0

    def start_from(self, *, tokens: int, cost_usd: float | None) -> None:
        """Count what an interrupted run had spent before."""
        self.spent_tokens += tokens
        self.spent_usd += cost_usd or 0.0

    def reserve(self, tokens: int, cost_usd: float | None, *, model: str) -> Reservation:
        """Hold room for a call.

        Args:
            tokens: estimate of prompt plus the most it may generate.
            cost_usd: their price, or ``None`` when it is unknown.
            model: for the message.

        Raises:
            BudgetExceededError: the call could pass a limit.
            ConfigError: money is limited and the price is unknown.
        """
        if self.max_cost_usd is not None and cost_usd is None:
            raise ConfigError(
                f"the price of {model} is unknown, so max_cost cannot be kept",
                place={"model": model},
                fix="give its price in the file named by 'prices' in seedbed.yaml, or limit tokens with --max-tokens",
                code="unknown_price",
            )
        self._check("tokens", self.spent_tokens + self._held_tokens + tokens, self.max_tokens)
        self._check("USD", self.spent_usd + self._held_usd + (cost_usd or 0.0), self.max_cost_usd)
        self._check("calls", self.calls + 1, self.max_calls)
        self.calls += 1
        self._held_tokens += tokens
        self._held_usd += cost_usd or 0.0
        return Reservation(tokens, cost_usd)

    def settle(self, reservation: Reservation, *, tokens: int, cost_usd: float | None) -> None:
        """Replace a reservation by what was used."""
        self.release(reservation)
        self.spent_tokens += tokens
        self.spent_usd += cost_usd or 0.0

    def release(self, reservation: Reservation) -> None:
        """Give a reservation back unused."""
        self._held_tokens -= reservation.tokens
        self._held_usd -= reservation.cost_usd or 0.0

    def _check(self, unit: str, wanted: float, limit: float | None) -> None:
        if limit is not None and wanted > limit + 1e-12:
            spent = {"tokens": self.spent_tokens, "calls": self.calls}.get(unit, round(self.spent_usd, 4))
            raise BudgetExceededError(
                f"the next call could pass the limit of {limit:g} {unit} ({spent:g} spent)",
                place={"limit": limit, "unit": unit, "spent": spent},
                fix="raise the limit and run the same command again; it continues",
            )
