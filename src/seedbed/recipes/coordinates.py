"""Where inside a topic an entry is asked for: forms of questions and instructions, and whom they are for.

Plain data. A form is told to the writer in words, and its openings also become a pattern of the JSON schema: measured
with a 135M model, words alone are followed about every other time, a pattern always.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

PROCESS, THING, PAST, IDEA = "process", "thing", "past", "idea"
ANY: Final = frozenset({PROCESS, THING, PAST, IDEA})


@dataclass(frozen=True, slots=True)
class Form:
    """One way of asking.

    Attributes:
        name: short and stable; what coordinates and reports show.
        instruction: what the writer is told.
        openings: the first words, each of which suits the form.
        suits: natures of topics it makes sense for: ``process``, ``thing``, ``past``, ``idea``.
        cue: regular expression of sentences that answer such a question; ``""`` when any may.
    """

    name: str
    instruction: str
    openings: tuple[str, ...]
    suits: frozenset[str] = ANY
    cue: str = ""


QUESTIONS: Final[tuple[Form, ...]] = (
    Form(
        "definition",
        "Ask what something is or what a term means.",
        ("What is", "What are", "What does"),
        cue=r"\b(is|are) (an?|the|called|known)\b|\bmeans?\b|\brefers? to\b|\brepresents?\b",
    ),
    Form(
        "why",
        "Ask for the reason or cause of something.",
        ("Why is", "Why are", "Why does", "Why do", "Why was", "Why did", "Why should"),
        cue=r"\b(because|since|so that|due to|in order to|therefore|avoids?|prevents?)\b|, so\b",
    ),
    Form(
        "how-to",
        "Ask how to do something.",
        ("How do you", "How can you", "How should you"),
        frozenset({PROCESS, THING, IDEA}),
        r"^(Use|Call|Pass|Set|Add|Create|Open|Choose|To)\b|\b(use|using|call|pass|set|by \w+ing)\b",
    ),
    Form(
        "mechanism",
        "Ask how something works or comes about.",
        ("How does", "How do", "How is", "How are"),
        cue=r"\b(by|through|via|using|automatically|converted|stored|handled)\b",
    ),
    Form(
        "comparison",
        "Ask how two things differ or what they have in common.",
        ("What is the difference between", "How does", "How do", "What distinguishes"),
        cue=r"\b(unlike|whereas|while|instead of|rather than|in contrast|differ\w*|compared|(more|less|\w+er) than)\b",
    ),
    Form(
        "consequence",
        "Ask what happens, or happened, under a condition.",
        ("What happens if", "What happens when", "What was the result of", "What effect does"),
        cue=r"\b([Ii]f|[Ww]hen|unless|otherwise|results? in|leads? to|causes?|raises?)\b",
    ),
    Form(
        "choice",
        "Ask which of several things it is.",
        ("Which",),
        cue=r"\b(either|or|both|one of|only|each|the \w+st)\b",
    ),
    Form(
        "time",
        "Ask when something holds, should be done, or took place.",
        ("When should you", "When is", "When does", "When do", "When did", "When was"),
        cue=r"\b([Ww]hen|[Uu]ntil|[Bb]efore|[Aa]fter|[Ww]hile|[Aa]s of|\d{3,4}|version)\b",
    ),
    Form(
        "possibility",
        "Ask whether something is possible, allowed or true, in a way that needs more than yes or no.",
        ("Can", "Is it possible to", "Does", "Is", "Are"),
        cue=r"\b(may|can|cannot|can't|must|not|never|only|allows?|supports?)\b",
    ),
    Form(
        "purpose",
        "Ask what something is for.",
        ("What is the purpose of", "What is the role of", "What is the use of", "What are"),
        cue=r"\b(used (to|for|as)|allows?|lets?|enables?|provides?|in order to|for \w+ing)\b",
    ),
    Form(
        "troubleshooting",
        "Describe a symptom and ask for its cause or remedy.",
        ("Why might", "What should you do if", "What causes", "How can you fix"),
        frozenset({PROCESS, THING}),
        r"\b(error|fails?|failure|raises?|exceptions?|wrong|cannot|warning|corrupt\w*|lost|broken)\b",
    ),
    Form(
        "exception",
        "Ask for an exception, a limit or an unusual case.",
        ("When can", "When should you not", "What limits"),
        frozenset({PROCESS, THING, IDEA}),
        r"\b(except|unless|only|however|but|limit\w*|at most|maximum|not)\b",
    ),
    Form(
        "example",
        "Ask for a concrete example and what it shows.",
        ("What is an example of", "Which example shows"),
        frozenset({THING, IDEA, PROCESS}),
        r"\b(such as|for example|for instance|like|e\.g\.)",
    ),
    Form(
        "amount",
        "Ask how many, how much, how long or how often.",
        ("How many", "How much", "How long", "How often"),
        cue=r"\b\d+([.,]\d+)?\s?(%|bytes?|bits?|[kKMGT]i?B|times|\w*seconds?|minutes?|hours?|days?|years?)\b"
        r"|\b(two|three|four|five|six|seven|eight|nine|ten|twice|half)\b",
    ),
    Form(
        "order",
        "Ask what comes first, next or last.",
        ("What is the first step", "What comes before", "What comes after", "In which order"),
        frozenset({PROCESS, PAST}),
        r"\b([Ff]irst|then|next|before|after|finally|once|last)\b",
    ),
    Form(
        "best-practice",
        "Ask for the recommended way and its reason.",
        ("What is the best way to", "What should you", "What is recommended"),
        frozenset({PROCESS, THING}),
        r"\b(should|recommend\w*|best|better|prefer\w*|avoid|important)\b",
    ),
)
"""Forms of questions. ``choice``, ``why``, ``mechanism`` … suit most topics; see ``Form.suits``."""

INSTRUCTIONS: Final[tuple[Form, ...]] = (
    Form("explain-how", "Ask for an explanation of how something works.", ("Explain how",)),
    Form("explain-why", "Ask for an explanation of why something is so.", ("Explain why",)),
    Form("define", "Ask for a definition.", ("Define", "What is", "What are")),
    Form("describe", "Ask for a description.", ("Describe the", "Describe how", "Describe a")),
    Form("why", "Ask for a reason or cause, as a question.", ("Why is", "Why are", "Why does", "Why do", "Why did")),
    Form("how-to", "Ask how to do something.", ("How do you", "How can you"), frozenset({PROCESS, THING, IDEA})),
    Form(
        "steps", "Ask for the steps of something in order.", ("List the steps to", "Outline how"), frozenset({PROCESS})
    ),
    Form("compare", "Ask for a comparison of two named things.", ("Compare", "What is the difference between")),
    Form("example", "Ask for one concrete example with what it shows.", ("Give an example of", "Show an example of")),
    Form("list", "Ask for a short list of a stated length.", ("List three", "Name two", "Name three")),
    Form("consequence", "Ask what happens under a condition.", ("What happens when", "What happens if")),
    Form(
        "mistake",
        "Ask for a common mistake and how to avoid it.",
        ("What is a common mistake",),
        frozenset({PROCESS, THING}),
    ),
    Form(
        "summarise", "Ask for a summary in a stated number of sentences.", ("Summarise", "In two sentences, describe")
    ),
    Form(
        "advice",
        "Ask for advice in a concrete situation.",
        ("What should you do", "Which advice"),
        frozenset({PROCESS, THING}),
    ),
    Form("judge", "Ask for a reasoned judgement.", ("Discuss whether", "Argue why", "What is the most important")),
)
"""Forms of instructions."""

PERSONAS: Final = (
    "a beginner",
    "a student before an exam",
    "an expert who checks details",
    "a teacher who prepares a lesson",
    "a curious child",
    "someone who needs it at work today",
    "someone who knows it from hearsay and doubts it",
    "a writer who explains it to others",
)
"""Whom an entry is for. No professions: they pull small models to the profession and away from the topic."""

_BY_RECIPE: Final[Mapping[str, tuple[Form, ...]]] = {"qa": QUESTIONS, "instruct": INSTRUCTIONS}
_BY_NAME: Final = {recipe: {form.name: form for form in forms} for recipe, forms in _BY_RECIPE.items()}


def forms_for(recipe: str, *, suits: Collection[str] = ()) -> tuple[Form, ...]:
    """Forms of a recipe in a stable order; with ``suits`` only those for one of these natures of topics."""
    forms = _BY_RECIPE.get(recipe, ())
    return tuple(form for form in forms if not suits or form.suits.intersection(suits))


def form_named(recipe: str, name: str) -> Form | None:
    """The form called ``name``, or ``None``: coordinates may hold words of the user's own."""
    return _BY_NAME.get(recipe, {}).get(name)


def fitting_form(recipe: str, text: str, wanted: Form, *, key: str) -> Form | None:
    """``wanted`` if ``text`` answers questions of that form, else another form it answers, else ``None``.

    Decided by the forms' cues; which of several others it is follows from ``key`` alone.
    """
    if not wanted.cue or re.search(wanted.cue, text):
        return wanted
    others = [form for form in forms_for(recipe) if form.cue and re.search(form.cue, text)]
    return random.Random(key).choice(others) if others else None


def one_opening(openings: Sequence[str], number: int) -> tuple[str, ...]:
    """One of ``openings``, in turn, or none: small models repeat a list of them instead of choosing."""
    return (openings[number % len(openings)],) if openings else ()


def personas() -> tuple[str, ...]:
    """Whom an entry may be for."""
    return PERSONAS


def axes_for(recipe: str) -> dict[str, Sequence[str]]:
    """Names and values of the coordinates that every topic has: ``form``, and ``persona`` where nothing is given.

    Entries from documents have no persona: the text decides what is said.
    """
    forms = [form.name for form in forms_for(recipe)]
    if not forms:
        return {}
    return {"form": forms} if recipe == "qa" else {"form": forms, "persona": list(PERSONAS)}
