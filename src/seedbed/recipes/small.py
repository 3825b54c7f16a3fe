"""What models of a few hundred million parameters need: shapes that a grammar can hold them to.

Measured with SmolLM2-135M: without a pattern it ends an answer at an unescaped quote, cuts it off at the length limit
or goes on for ever; with sentences spelt out as a pattern, all of that is impossible.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

SMALL_PARAMETERS: Final = 1.3e9
_SIZE: Final = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)([mb])(?![a-z])", re.IGNORECASE)
_UNSIZED: Final = re.compile(r"smollm|tinyllama|tinystories|\bgpt2\b", re.IGNORECASE)
_SPECIAL: Final = re.compile(r"[\\^$.|?*+()\[\]{}\"]")

_NUMBER: Final = "[0-9]{1,6}([.,][0-9]{1,3})?"
_START: Final = "[A-Z0-9`]"
_LAST: Final = f"([A-Za-z)%`]|{_NUMBER})"


def _inside(barred: str = "") -> str:
    """One piece of a sentence: no quotes or escapes, and a full stop only in `code` and inside one number.

    A number is followed by something else: else 1.2.3.4 would be two numbers, and a loop through all dates.
    """
    plain = rf"[^\".!?`\\\n0-9{barred}]"
    return rf"({plain}|{_NUMBER}{plain}|`[^\"`\\\n]{{1,60}}`)"


ASKING: Final = ("What", "How", "Why", "When", "Which", "Who", "Where", "Is", "Are", "Does", "Do", "Can")
"""How a question may begin when nothing is said about its form."""

ORDERING: Final = (
    "Explain",
    "Describe",
    "List",
    "Name",
    "Give",
    "Write",
    "Show",
    "Compare",
    "Summarise",
    "Define",
    "Tell me",
)
"""How an instruction may begin when nothing is said about its form."""


def is_small_model(model: str) -> bool:
    """Whether ``provider:model`` names a model under about 1.3 billion parameters, by the size in its name."""
    name = model.rpartition("/")[2]
    words = re.sub(r"[-_:]", " ", name)
    sizes = [float(number) * (1e6 if unit in "mM" else 1e9) for number, unit in _SIZE.findall(words)]
    if sizes:
        return max(sizes) < SMALL_PARAMETERS
    return bool(_UNSIZED.search(name))


def opening_pattern(openings: Sequence[str], *, most: int, ends: str = "?") -> str:
    """Regular expression of one sentence that starts with one of ``openings`` and ends with one of ``ends``.

    Args:
        openings: first words, at least one.
        most: characters (roughly) after the opening.
        ends: final characters allowed.
    """
    final = f"[{ends}]"  # commas are barred: after one, a small model runs on
    start = "|".join(_SPECIAL.sub(lambda m: f"\\{m[0]}", opening) for opening in openings)
    return f"^({start}) {_inside(',')}{{4,{most}}}{_LAST}{final}$"


def sentences_pattern(fewest: int, most: int, *, length: int = 160) -> str:
    """Regular expression of ``fewest`` to ``most`` whole sentences of at most about ``length`` characters each."""
    sentence = f"{_START}{_inside()}{{10,{length}}}{_LAST}[.!?]"
    return f"^{sentence}( {sentence}){{{max(0, fewest - 1)},{most - 1}}}$"
