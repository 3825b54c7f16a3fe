"""Traces that models leave in what they write: placeholders, refusals, leaked prompts, loops, cut-off ends.

Every rule is a function from a passage to what it found (text for the evidence), or ``None``. All are cheap: a rule
first looks for a fixed string and tries an expression only where that occurs. They err on the side of letting pass.

Text is hostile: every expression here takes time in proportion to the text, so repeats next to each other are bounded.
"""

from __future__ import annotations

import re
from collections import Counter

from seedbed.quality.passages import Passage, word_set

HEAD = 300
"""Characters at the start of a text in which an opening phrase is looked for."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ufffd-\uffff\ud800-\udfff]")


def control_characters(passage: Passage) -> str | None:
    """Control characters, terminal escapes, bidirectional overrides, broken or half characters."""
    found = _CONTROL.search(passage.text)
    return f"U+{ord(found[0]):04X} at {found.start()}" if found else None


_WHOLE = word_set("todo tbd fixme n/a string placeholder answer question response instruction xxx") | {
    "your answer",
    "your question",
    "your response",
    "example answer",
    "sample answer",
    "sample text",
}
_EMPTY = re.compile(r"\s*(?:\.{2,}|…+|_{2,}|-{3,})\s*\Z")
_HOLE = re.compile(
    r"\[(?:insert|enter|put|fill in|add|write) (?:your|the|an?|some|here|text|answer|question|name)\b"
    r"|<(?:insert|enter|put|write) (?:your|the|an?|some|here|text|answer|question|name)\b"
    r"|[<\[{](?:your |the |correct |example )*(?:answer|question|response|instruction)(?: text)?"
    r"(?: goes)?(?: here)?[>\]}]"
    r"|\byour (?:answer|question|response|text) (?:goes )?here\b"
    r"|\b(?:answer|question|response|text) goes here\b"
    r"|^\s*[\[<(]?(?:todo|tbd|fixme)(?::|[\])>]|\s*\Z)"
)
_HOLE_HINTS = ("[", "<", "{", " here", "todo", "tbd", "fixme")


def placeholder(passage: Passage) -> str | None:
    """Text that stands for text: ``...``, ``<answer>``, ``[insert …]``, ``TODO:``, lorem ipsum."""
    text = passage.text
    if len(text) < 40:
        bare = text.strip(" \t\r\n<>[]{}\"'")
        if bare in _WHOLE or bare.rstrip(".").lower() in _WHOLE - {"string"} or _EMPTY.match(text):
            return text
    low = passage.low
    if passage.role != "prompt" and "lorem ipsum dolor" in low:
        return "lorem ipsum dolor"
    if any(hint in low for hint in _HOLE_HINTS):
        found = _HOLE.search(low if passage.prose is text else passage.prose.lower())
        return found[0] if found else None
    return None


_CANNOT = re.compile(
    r"\W*(?:(?:i'?m|i am) (?:very |so |really )?sorry|sorry|my apologies|i apologi[sz]e|unfortunately|regrettably)?"
    r"[^\w\n]*(?:but )?(?:as an ai[^.\n]{0,60}, )?i(?:'m| am)? "
    r"(?:cannot|can't|can not|unable to|not able to|won't|will not|do not have|don't have)"
    r" (?:(?:directly|currently|really|be able to|actually) )?"
    r"(?:answer|assist|help|provide|fulfil|fulfill|comply|generate|engage|discuss|offer|give you|access|do that"
    r"|complete|enough|personal|information|any information|sufficient|real-time|the ability|determine)\b"
)
_SELF = re.compile(
    r"\bas an? (?:ai|artificial intelligence)(?: language)?(?: model| assistant| system| chatbot)?,? (?:i|my|i'm)\b"
    r"|\bas a (?:large )?language model,? (?:i|my|trained|developed|created)\b"
    r"|\bi(?:'m| am) (?:just |only |merely )?an? (?:ai|artificial intelligence|(?:large )?language model)"
    r"(?: language model| model| assistant)?(?:[,.]| and| so| trained| developed)"
    r"|\bmy (?:training data|knowledge cutoff|knowledge cut-off|last training)\b"
)
_SELF_HINTS = ("as an a", "language model", "m an ai", "am an ai", "an artificial", "just an", "only an", "my ")
_NOTHING_SAID = re.compile(
    r"(?:^|[.!\n]\s*)(?:unfortunately, |sorry, )?(?:the|this) (?:provided |given )?"
    r"(?:text|passage|document|context|excerpt|information|article)(?: provided| given)? (?:does not|doesn't) "
    r"(?:explicitly |directly |specifically )?(?:provide|mention|specify|state|say"
    r"|contain (?:any |enough )?information)\b"
)


def refusal(passage: Passage) -> str | None:
    """A model speaking of itself, or declining to answer."""
    low = passage.low
    if any(hint in low for hint in _SELF_HINTS):
        found = _SELF.search(low)
        if found:
            return found[0]
    if passage.role == "answer":
        found = _CANNOT.match(low[:HEAD])
        if found is None and ("doesn't" in low or "does not" in low):
            found = _NOTHING_SAID.search(low[:HEAD])
        return found[0].strip() if found else None
    return None


_TOKENS = re.compile(
    r"<[|｜](?:im_start|im_end|im_sep|endoftext|end_of_text|begin_of_text|eot_id|start_header_id|end_header_id|user"
    r"|assistant|system|end|pad)[|｜]>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</?think>|</s>\s*\Z"
    r"|^#{2,3} ?(?:Instruction|Response|Assistant|User|System|Input|Output)s?:?[ \t]*$",
    re.MULTILINE,
)
_TOKEN_HINTS = ("<|", "<｜", "INST]", "SYS>>", "_of_turn>", "think>", "</s>", "##")
_LABEL = re.compile(r"\W{0,4}(?:question|q|instruction|prompt)(?: ?\d+)?\W{0,2}:")
_ANSWER_LABEL = re.compile(r"^\W{0,4}(?:answer|a|response)(?: ?\d+)?\W{0,2}:", re.MULTILINE)
_QUESTION_LABEL = re.compile(r"^\W{0,4}(?:question|q)(?: ?\d+)?\W{0,2}:", re.MULTILINE)
_HERE_IS = re.compile(
    r"\W*(?:(?:sure|certainly|of course|okay|ok|absolutely|great)\b[^\w\n]*(?:thing)?[^\w\n]*)?"
    r"(?:here(?:'s| is| are)|below is|the following is)(?: \w+){0,6}? "
    r"(?:questions?|q&a|question-answer|qa|pairs?|instructions?|json|answer to)\b"
)
_JSON_KEYS = re.compile(r'["\'](?:question|instruction)["\']\s*:.*["\'](?:answer|response)["\']\s*:', re.DOTALL)
_TASK = re.compile(
    r"\W*(?:please )?(?:generate|write|create|formulate|ask|produce|come up with)(?: \w+){0,4}? "
    r"(?:questions?|q&a|question-answer|qa)(?: pairs?)?\b"
)
_KEYS_WANTED = re.compile(
    r"\bjson (?:object|array|schema|format)\b.{0,40}\b(?:keys?|fields?)\b.{0,20}\b(?:question|answer)\b"
)


def prompt_leak(passage: Passage) -> str | None:
    """Chat-template tokens, labels, ``Here is a question``, JSON keys and other pieces of the writer's instructions."""
    text, low = passage.text, passage.low
    found: re.Match[str] | None = None
    if any(hint in text for hint in _TOKEN_HINTS):
        found = _TOKENS.search(passage.prose)
    if found is None and ":" in low:
        if passage.role == "prompt":
            found = _LABEL.match(low)
        if found is None and (a := _ANSWER_LABEL.search(low)) and _QUESTION_LABEL.search(low):
            found = a
        if found is None and ('"answer"' in low or "'answer'" in low or '"response"' in low):
            found = _JSON_KEYS.search(low)
    found = found or _HERE_IS.match(low[:HEAD])
    if found is None and passage.field == "question":
        found = _TASK.match(low[:HEAD])
    if found is None and "json" in low:
        found = _KEYS_WANTED.search(low)
    return found[0] if found else None


_OUTSIDE = re.compile(
    r"\b(?:according to|based on|mentioned in|described in|stated in|discussed in|given in|as per|refer(?:red|s)? to in"
    r"|outlined in|presented in|provided in|explained in|shown in|within) (?:the|this) "
    r"(?:\w+ )?(?:text|passage|document|article|excerpt|paragraph|section|context|snippet|chapter|above|author)\b"
    r"(?! of\b)"
    r"|\b(?:in|from|of|does|by) (?:the|this) (?:passage|excerpt|(?:given|provided|above|preceding) "
    r"(?:text|passage|document|article|paragraph|section|context|snippet|code|example|information))\b"
    r"|\b(?:in|does|from) this (?:text|document|article|paragraph|section|context|snippet|chapter|example)\b"
    r"|\b(?:text|passage|document|article|paragraph|section|context|snippet|code|example|table) "
    r"(?:above|given above|provided above|shown above)\b"
    r"|\bthe author(?:'s| of (?:the|this) (?:text|passage|document|article|excerpt))\b"
    r"|\bdoes the (?:text|passage|author|excerpt|document|article) "
    r"(?:say|mention|state|describe|discuss|suggest|explain)\b"
)
_OUTSIDE_HINTS = ("the ", "this ", " above")
_FOLLOWING = re.compile(
    r"\bthe following (?:text|passage|document|article|paragraph|code|example|snippet|table|list)\b"
)


def context_dependent(passage: Passage) -> str | None:
    """A question about a text that its reader will not have: *according to the passage*, *in the code above*."""
    if passage.field != "question":
        return None
    low = passage.low
    if not any(hint in low for hint in _OUTSIDE_HINTS):
        return None
    found = _OUTSIDE.search(low)
    if (
        found is None
        and (following := _FOLLOWING.search(low))
        and ":" not in low
        and "\n" not in low
        and "`" not in low
    ):
        found = following
    return found[0] if found else None


_ASKING = word_set("""
    what who whom whose which when where why how is are was were do does did can could will would should shall may might
    has have had am explain describe list name define compare contrast calculate compute find solve evaluate simplify
    determine identify state give write provide outline summarize summarise discuss show prove derive convert factor
    express estimate translate complete fill choose select true tell mention illustrate differentiate analyze analyse
    consider suppose if given let assume rewrite classify suggest propose design implement construct demonstrate
    distinguish draw sketch arrange order rank sort count predict interpret justify assess verify check correct use
    apply decide pick match label locate guess recall elaborate clarify whether in to for
""")
_QUESTION_MARKS = re.compile(r"[?？؟;՞]|___")
_ENGLISH = word_set("the is of a an are and to in that was by it for with")


def not_a_question(passage: Passage) -> str | None:
    """An English ``question`` that neither asks nor tells to do anything."""
    if passage.field != "question" or _QUESTION_MARKS.search(passage.text) or passage.is_code:
        return None
    words = passage.words
    if len(words) < 3 or not _ASKING.isdisjoint(words[:2]) or sum(map(_ENGLISH.__contains__, words)) < 2:
        return None
    starts = re.findall(r"[.!:;,\n]\s{1,4}(?:and |then |please )?([a-z]+)", passage.low)
    return None if not _ASKING.isdisjoint(starts) else passage.text


MIN_LOOP_WORDS = 16
MAX_REPEATED = 0.65
"""Share of four-word sequences that may have occurred before: seq-rep-4 of Welleck et al. (2020)."""


def repetition(passage: Passage, most: int) -> str | None:
    """A loop: the same four words (or, without blanks, the same stretch) more than ``most`` times, filling the text."""
    text = passage.text
    if 12 * text.count(" ") < len(text) - 40:
        return _loop_without_words(text, most)
    words = passage.prose.split()
    if len(words) < MIN_LOOP_WORDS or len(set(words)) > 0.5 * len(words) or passage.is_code:
        return _repeated_line(passage, most)
    grams = Counter(zip(words, words[1:], words[2:], words[3:], strict=False))
    gram, count = max(grams.items(), key=lambda item: item[1])
    repeated = 1 - len(grams) / (len(words) - 3)
    if count > most and repeated >= MAX_REPEATED and sum(any(map(str.isalpha, w)) for w in gram) > 1:
        return f"{' '.join(gram)!r} {count} times"
    return _repeated_line(passage, most)


def _repeated_line(passage: Passage, most: int) -> str | None:
    if passage.text.count("\n") < most:
        return None
    lines = Counter(line for raw in passage.prose.splitlines() if len(line := raw.strip()) >= 25 and " " in line)
    if not lines:
        return None
    line, count = max(lines.items(), key=lambda item: item[1])
    return f"{line[:40]!r} {count} times" if count > most else None


def _loop_without_words(text: str, most: int) -> str | None:
    """Loops in scripts without blanks, and of signs: one stretch of 4 to 40 characters again and again at the end."""
    tail = text[-2_000:]
    for size in range(4, 41):
        piece = tail[-size:]
        if len(set(piece)) < 2 or not any(c.isalpha() for c in piece):
            continue
        times = 1
        while times <= most and tail[: len(tail) - times * size].endswith(piece):
            times += 1
        if times > most and times * size >= 32:
            return f"{piece!r} over {most} times"
    return None


_FENCE_LINE = re.compile(r"^[ \t]*(```|~~~)", re.MULTILINE)
_NOT_BRACKETS = re.compile(
    r"[:;=8]'?-?[()\[\]{}DPp]|\$[^$\n]{1,200}\$|\\[()\[\]{}]|\"[^\"\n]{0,200}\"|“[^”\n]{0,200}”|(?<!\w)'[^'\n]{0,200}'(?!\w)"
    r"|[\[(][-+∞\w.\\ ]{1,20},[-+∞\w.\\ ]{1,20}[\])]|[([{][\])}]?(?=\s(?:and|or|is|are|character|bracket))"
)
_PAIRS = {")": "(", "]": "[", "}": "{"}


def unbalanced(passage: Passage) -> str | None:
    """A code fence or, in prose, a bracket that is opened and never closed."""
    text = passage.text
    if ("```" in text or "~~~" in text) and len(_FENCE_LINE.findall(text)) % 2:
        return "a code fence is not closed"
    if not ("(" in text or "[" in text or "{" in text) or passage.is_code:
        return None
    prose = passage.prose
    if all(prose.count(o) <= prose.count(c) for c, o in _PAIRS.items()):
        return None
    prose = _NOT_BRACKETS.sub(" ", prose)
    for closer, opener in _PAIRS.items():
        if prose.count(opener) > prose.count(closer) and len(prose) >= 40:
            at = prose.rfind(opener)
            return prose[at : at + 40]
    return None


_DANGLING = word_set("""
    the an and or but because of with from into such which whose than if when while although
    und oder avec mit pero dass que
""")
_CLOSED = frozenset(".!?…:;\"'”’»)]}>`*_|~。！？」』）।؟%$/\\=-")
_LIST_LINE = re.compile(r"\s*(?:[-*•+|#>]|\d+[.)]|[a-zA-Z][.)])\s?")


def truncated(passage: Passage) -> str | None:
    """A text that stops in mid-sentence: on a dangling word or comma, or long prose without a final stop."""
    text = passage.text.rstrip()
    if not text or text[-1] in ".!?。":
        return None
    words = passage.words
    if len(words) < 6 or passage.is_code:
        return None
    last = text[-1]
    if text.endswith(words[-1]) or passage.low.rstrip().endswith(words[-1]):
        if words[-1] in _DANGLING:
            return text[-40:]
    elif last in ",(–—":
        return text[-40:]
    if last in _CLOSED or not last.isascii() or passage.role == "prompt" or "```" in text[-200:]:
        return None
    line = text.rsplit("\n", 1)[-1]
    if len(words) < 25 or line.count(" ") < 8 or _LIST_LINE.match(line) or "://" in line[-80:]:
        return None
    return text[-40:] if last.isalpha() and text.endswith(tuple("abcdefghijklmnopqrstuvwxyz")) else None
