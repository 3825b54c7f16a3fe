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

# Inside a sentence: no quotes or escapes, and a full stop only in numbers and in `code`.
_WORD: Final = r"([^".!?`\\\n0-9]|[0-9]+([.,][0-9]+)?|`[^"`\\\n]{1,60}`)"
_START: Final = r"[A-Z0-9`]"


def is_small_model(model: str) -> bool:
    """Whether ``provider:model`` names a model under about 1.3 billion parameters, by the size in its name."""
    name = model.rpartition("/")[2]
    sizes = [float(number) * (1e6 if unit in "mM" else 1e9) for number, unit in _SIZE.findall(name.replace("-", " ").replace("_", " ").replace(":", " "))]
    if sizes:
        return max(sizes) < SMALL_PARAMETERS
    return bool(_UNSIZED.search(name))


def opening_pattern(openings: Sequence[str], *, most: int, ends: str = "?") -> str:
    """Regular expression of one sentence that starts with one of ``openings`` and ends with one of ``ends``.

    Args:
        openings: first words; any capital letter when empty.
        most: characters (roughly) after the opening.
        ends: final characters allowed.
    """
    final = f"[{ends}]"
    if not openings:
        return f"^{_START}{_WORD}{{8,{most}}}{final}$"
    start = "|".join(_SPECIAL.sub(lambda m: f"\\{m[0]}", opening) for opening in openings)
    return f"^({start}) {_WORD}{{4,{most}}}{final}$"


def sentences_pattern(fewest: int, most: int, *, length: int = 200) -> str:
    """Regular expression of ``fewest`` to ``most`` whole sentences of at most about ``length`` characters each."""
    sentence = f"{_START}{_WORD}{{10,{length}}}[.!?]"
    return f"^{sentence}( {sentence}){{{max(0, fewest - 1)},{most - 1}}}$"
