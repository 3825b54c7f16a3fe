"""Numbers in digits and English words, in one written form: "1,200", "twelve hundred" → ``1200``; "third" → ``3th``."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from seedbed.similarity.slot_words import MULTIPLIERS, NUMBERS, ORDINALS

LONE_ONE = "one"
"""Stands for the word "one" by itself: a number in "one apple", none in "which one"."""

_TENS = frozenset(range(20, 100, 10))
_LARGEST = Decimal(10) ** 15
"""Beyond it numbers are compared as written and not computed with."""


class NumberRun:
    """The number being read, word by word.

    Args:
        emit: called with each finished number in its written form, or ``LONE_ONE``.
    """

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._value: Decimal | None = None
        self._total = Decimal(0)
        self._lone_one = False

    @property
    def is_open(self) -> bool:
        """Whether a number has begun that the next word may continue."""
        return self._value is not None

    def close(self) -> None:
        """Finish the number being read, if there is one."""
        if self._value is None:
            return
        value, self._value = self._total + self._value, None
        self._emit(LONE_ONE if self._lone_one else plain_number(format(value, "f")))

    def digits(self, written: str, *, ordinal: bool) -> None:
        """Take a number in digits; ``3`` may go on as "3 million", ``3rd`` may not."""
        self.close()
        number = plain_number(written)
        if ordinal:
            self._emit(f"{number}th")
        elif len(number) > 15 or not number.isascii():
            self._emit(number)
        else:
            self._begin(Decimal(number))

    def word(self, word: str, *, after_a: bool) -> bool:
        """Whether ``word`` is part of a number, and was taken; ``after_a`` lets "a hundred" begin one."""
        if word in NUMBERS:
            self._add(NUMBERS[word])
            return True
        if word in MULTIPLIERS and (self._value is not None or after_a):
            self._multiply(MULTIPLIERS[word])
            return True
        return word == "and" and self._value is not None and self._total + self._value >= 100

    def ordinal(self, word: str) -> None:
        """Take "third", also as the end of "twenty-third"."""
        place = ORDINALS[word]
        if self._value is not None and place < 10 and self._value % 100 in _TENS:
            place += int(self._value)
            self._value = None
        self.close()
        self._emit(f"{place}th")

    def _begin(self, value: Decimal, *, lone_one: bool = False) -> None:
        self._value, self._total, self._lone_one = value, Decimal(0), lone_one

    def _add(self, value: int) -> None:
        """Join ``value`` to the number ("twenty" + "three", "hundred" + "five"), or begin another."""
        current = self._value
        if current is not None and (
            (0 < value < 10 and current % 100 in _TENS) or (current % 100 == 0 and (current or self._total))
        ):
            self._value = current + value
        else:
            self.close()
            self._begin(Decimal(value), lone_one=value == 1)

    def _multiply(self, scale: int) -> None:
        if self._value is not None and self._total + self._value > _LARGEST:
            self.close()
        if self._value is None:
            self._begin(Decimal(1))
        value = self._value or Decimal(1)
        self._lone_one = False
        if scale == 100:
            self._value = value * scale
        else:
            self._value, self._total = Decimal(0), self._total + value * scale


def plain_number(written: str) -> str:
    """Digits without thousands separators, needless zeros and plus signs."""
    sign = "-" if written[0] in "-−" else ""
    whole, _, fraction = written.lstrip("-−").replace(",", "").partition(".")
    fraction = fraction.rstrip("0")
    return sign + (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
