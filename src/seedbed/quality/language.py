"""Which language a text is in, cheaply and only when sure: scripts first, then function words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seedbed.quality.passages import word_set

MIN_WORDS = 12
"""Words below which no language is told from function words."""

MIN_LETTERS = 12
"""Letters below which no language is told from its script."""

_SCRIPTS = {
    "zh": re.compile(r"[\u4e00-\u9fff]"),
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ko": re.compile(r"[\uac00-\ud7af\u1100-\u11ff]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}
_SAME_SCRIPT = {
    "uk": "ru",
    "bg": "ru",
    "sr": "ru",
    "mk": "ru",
    "be": "ru",
    "fa": "ar",
    "ur": "ar",
    "mr": "hi",
    "ne": "hi",
}
_FUNCTION_WORDS = {
    "en": "the of and to is in that it for was on are with as at be this have from or by not but what which how you "
    "can will an they their has when there if does were do its",
    "de": "der die das und ist nicht ein eine zu den mit von sich auf für dem des im auch als wird sind wie oder bei "
    "einen einer kann werden durch aus nach hat was",
    "fr": "le la les et est des un une du dans que qui pour pas sur avec au par ce il sont plus ou aux cette se ne "
    "comme être quel quelle ont leur",
    "es": "el la los las y es de que en un una por con para del se no lo como más son su al está cuál qué puede ser "
    "entre este esta pero",
    "it": "il la di che è un una per con non del della sono si le gli dei nel come anche più alla da questo questa "
    "quale cosa può essere",
    "pt": "o a os as de que e é um uma do da em para com não no na por se mais como são ao dos das qual pode ser esta "
    "este foi",
    "nl": "de het een en van is dat op te in niet zijn met voor aan er om ook als wordt bij door naar kan hoe wat "
    "deze dit worden of",
    "pl": "i w na nie się jest to z do że jak co o są przez dla od które który czy po jego może być oraz",
    "sv": "och att det som en är av för på inte med den till har ett de om kan vad hur från eller var ska",
    "tr": "ve bir bu için ile ne de da olarak gibi daha çok olan en nasıl nedir var mı kadar sonra her",
}
# Single letters are also variables, list marks and initials.
_SETS = {name: frozenset(w for w in word_set(words) if len(w) > 1) for name, words in _FUNCTION_WORDS.items()}
KNOWN = frozenset(_SETS) | frozenset(_SCRIPTS) | frozenset(_SAME_SCRIPT)
"""Languages that can be told apart, as ISO 639-1 codes."""


def other_language(text: str, words: Sequence[str], expected: str) -> str | None:
    """The language ``text`` is in when it surely is not ``expected``, else ``None``.

    Languages that share a script are told apart only in Latin script; a language that is not ``KNOWN`` is only held to
    its script.

    Args:
        text: prose without code.
        words: its lower-case words.
        expected: ISO 639-1 code, a region may follow (``pt-BR``).
    """
    expected = expected.lower().replace("_", "-").partition("-")[0]
    script = _script(text)
    own = _SAME_SCRIPT.get(expected, expected)
    if script is not None:
        return None if script == own or {script, own} == {"zh", "ja"} else script
    latin = sum(w[0] < "\u0250" for w in words)
    if own in _SCRIPTS:
        return _best(words)[0] if latin >= MIN_WORDS and latin >= 0.9 * len(words) else None
    if len(words) < MIN_WORDS or expected not in _SETS:
        return None
    mine = sum(map(_SETS[expected].__contains__, words))
    if mine >= 0.15 * len(words):
        return None
    name, hits = _best(words)
    sure = hits >= 4 and hits >= 0.15 * len(words) and hits >= 2.5 * mine
    return name if sure and name != expected else None


def _script(text: str) -> str | None:
    """The non-Latin script that most letters are in."""
    if text.isascii():
        return None
    letters = sum(c.isalpha() for c in text)
    if letters < MIN_LETTERS:
        return None
    counts = {name: len(script.findall(text)) for name, script in _SCRIPTS.items()}
    if counts["ja"] and counts["zh"]:
        counts["ja"] += counts["zh"]
    name = max(counts, key=lambda n: counts[n])
    return name if counts[name] >= 0.6 * letters else None


def _best(words: Sequence[str]) -> tuple[str, int]:
    hits = {name: sum(map(known.__contains__, words)) for name, known in _SETS.items()}
    name = max(hits, key=lambda n: hits[n])
    return name, hits[name]
