"""A scripted agent: made-up rows for the projects that ``init`` makes, from the leases it is given and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from seedbed.providers.fake_text import ACTIONS, CHANGES, QUALITIES, REASONS, ROLES, THINGS

Row = dict[str, Any]
Lease = dict[str, Any]


class Words:
    """Sentences that differ from each other in more than a slot.

    Args:
        seed: equal seeds give equal sentences.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def one(self, choices: Any) -> Any:
        return self.random.choice(choices)

    def number(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def filled(self, *frames: str) -> str:
        """One of the frames with words of the lists in it."""
        a, b = self.random.sample(THINGS, 2)
        return self.one(frames).format(
            a=a, b=b, role=self.one(ROLES), other=self.one(ROLES), quality=self.one(QUALITIES),
            change=self.one(CHANGES), action=self.one(ACTIONS), reason=self.one(REASONS), n=self.number(2, 90),
        )  # fmt: skip

    def question(self) -> str:
        return self.filled(
            "How does a {role} know that the {a} {change}?",
            "Why would the {other} prefer a {quality} {a} to the {b}?",
            "What should the {role} do first when the {a} and the {b} disagree?",
            "Which part of the {a} must stay {quality} while the {b} {change}?",
            "When is it right that the {role} {action}?",
            "Who is told that the {b} {change} after the {a}?",
        )

    def statement(self) -> str:
        return self.filled(
            "The {a} comes before the {b}, because {reason}.",
            "A {role} {action}, and only then looks at the {quality} {a}.",
            "Once the {b} {change}, the {other} puts the {a} away.",
            "Nobody needs a {quality} {a} where the {b} {change}.",
            "It is the {role} who decides, since {reason}.",
        )


def _qa(lease: Lease, words: Words) -> Row:
    return {"question": words.question(), "answer": words.statement()}


def _instruction(lease: Lease, words: Words) -> Row:
    asked = words.filled(
        "Tell the {role} in a short note that the {a} {change}.",
        "Sum up for a {other} why the {quality} {b} matters.",
        "Explain to a child what a {role} needs the {a} for.",
        "Decline the offer of a {quality} {a} politely.",
    )
    return {"instruction": asked, "response": f"{words.statement()} {words.statement()}"}


def _classification(lease: Lease, words: Words) -> Row:
    said = words.filled(
        "the {a} i ordered {change}, and my {role} is waiting for it",
        "your {other} said the {b} would be {quality}, it is not",
        "about the {quality} {a}: {reason}",
        "we looked at the {b} with our {role} and wondered about the {a}",
    )
    return {"text": said if lease["cell"]["channel"] == "chat" else f"Good morning, {said}. {words.statement()}"}


def _home_call(lease: Lease, words: Words) -> Row:
    leaf, difficulty = lease["topic"].rpartition("/")[2], lease["cell"]["difficulty"]
    if leaf == "none":
        return {"query": words.filled("Ask the {role} to bring the {a}.", "Make the {b} {quality} for the {other}.",
                                      "Has the {a} come, and what of the {role}?",
                                      "I need a {quality} {b} by tonight.", "My {role} {action}; tell the {other}."),
                "calls": [], "answer": "I cannot do that, but I can remind you of it."}  # fmt: skip
    minutes = words.number(1, 600)
    calls: dict[str, Callable[[], Row]] = {
        "light": lambda: {"room": words.one(["kitchen", "hall", "bedroom"]), "percent": words.number(0, 100)},
        "heating": lambda: {"room": words.one(["kitchen", "bathroom"]), "celsius": words.number(10, 44) / 2},
        "timers": lambda: {"minutes": minutes, "label": words.one(THINGS)},
        "reminders": lambda: {"text": words.statement(), "time": f"{words.number(0, 23):02}:15"},
    }
    names = {"light": "set_light", "heating": "set_heating", "timers": "set_timer", "reminders": "add_reminder"}
    asked = words.filled(
        "The {role} is coming with a {quality} {a}, so please see to the {b}.",
        "Before the {a} {change} I would like it {quality} in here.",
        "My {other} {action}, do what is needed, would you?",
        "It is about the {b} again: {reason}.",
    )
    made = [{"name": names[leaf], "arguments": calls[leaf]()}]
    if difficulty == "hard":
        made.append({"name": "set_timer", "arguments": {"minutes": minutes}})
    return {"query": f"{asked} {leaf.capitalize()}, {words.number(1, 99)}.", "function": names[leaf], "calls": made}


def _rag(lease: Lease, words: Words) -> Row:
    keywords = f"{words.one(QUALITIES)} {words.one(THINGS)} {words.one(ROLES)}"
    query = words.question() if lease["cell"]["form"] == "question" else keywords
    return {"query": query, "passage": f"{words.statement()} {words.statement()}", "negatives": [words.statement()]}


def _paraphrase(lease: Lease, words: Words) -> Row:
    return {"source": lease["fields"]["source"]["enum"][0], "text": words.statement()}


def _preference(lease: Lease, words: Words) -> Row:
    return {"prompt": words.question(), "chosen": f"{words.statement()} That is so.",
            "rejected": f"{words.statement()} Or is it?", "reason": "It is right."}  # fmt: skip


def _math(lease: Lease, words: Words) -> Row:
    a, b = words.number(2, 40), words.number(2, 40)
    story = words.filled(
        "A {role} packs {n} {quality} boxes for every {a}, and the {b} {change} in between.",
        "The {other} counts what the {a} costs while a {role} {action}.",
        "Every {b} in the house of the {role} is {quality}, and {reason}.",
    )
    steps = [f"First {a} * {b} = {a * b}.", f"So there are {a * b} of them."]
    return {"question": f"{story} How many are {a} times {b}?", "steps": steps, "answer": str(a * b)}


def _eval_case(lease: Lease, words: Words) -> Row:
    return {"input": words.question(), "context": words.statement(), "criteria": [f"says this: {words.statement()}"]}


WRITERS: dict[str, Callable[[Lease, Words], Row]] = {
    "qa": _qa,
    "instruction": _instruction,
    "classification": _classification,
    "function-calling": _home_call,
    "rag": _rag,
    "paraphrase": _paraphrase,
    "preference": _preference,
    "math": _math,
    "eval": _eval_case,
}
"""Template → a row of its kind for a lease, without topic and cell."""


def rows(template: str, leases: list[Lease], words: Words) -> list[Row]:
    """What the leases ask for, with topic and cell values, in their order."""
    return [
        {"topic": lease["topic"], **WRITERS[template](lease, words), **lease["cell"]}
        for lease in leases
        for _ in range(lease["n"])
    ]
