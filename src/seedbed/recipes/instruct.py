"""Instructions with responses from the topic tree and its cells alone, spread by aspect, form and persona."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from seedbed.core.errors import ReplyError
from seedbed.recipes.asking import (
    Maker,
    WriterOptions,
    conversation,
    item_problem,
    object_schema,
    prompt_values,
    read_items,
    sample_of,
)
from seedbed.recipes.coordinates import one_opening
from seedbed.recipes.small import ASKING, ORDERING, opening_pattern, sentences_pattern

if TYPE_CHECKING:
    from pydantic import BaseModel

    from seedbed.core.protocols import Generate, Prompts
    from seedbed.core.records import Candidate, ChatReply, Content, Job

FIELDS = ("instruction", "input", "response")
MOST_INSTRUCTION_CHARS = 1000
MOST_INPUT_CHARS = 4000
MOST_RESPONSE_CHARS = 8000

EXAMPLES: tuple[tuple[dict[str, Any], Content], ...] = (
    (
        {"topic": "Bread baking", "aspect": "proofing in cold weather", "openings": ("Explain why",)},
        {
            "instruction": "Explain why bread dough rises more slowly in a cold kitchen.",
            "response": "Yeast gives off gas more slowly in the cold, so the dough needs longer to grow. A dough that "
            "doubles in one hour at 26 °C may need two hours at 20 °C.",
        },
    ),
    (
        {"topic": "Bicycles", "aspect": "gears", "openings": ("How do you",)},
        {
            "instruction": "How do you stop a bicycle chain from slipping off the smallest sprocket?",
            "response": "Turn the limit screw marked H on the rear derailleur clockwise, a quarter turn at a time. "
            "Stop when the chain shifts onto the smallest sprocket without falling past it.",
        },
    ),
)
"""Worked examples for small models; always the same, so that llama.cpp keeps the beginning of the prompt."""


class InstructOptions(WriterOptions):
    """Options of the recipe ``instruct``."""


class InstructRecipe:
    """Instructions with responses, from topics. Satisfies ``core.protocols.Recipe``."""

    name: ClassVar[str] = "instruct"
    version: ClassVar[str] = "1"
    kind: ClassVar[str] = "instruction"
    needs_seeds: ClassVar[bool] = False
    prompt: ClassVar[str] = "instruct"
    Options: ClassVar[type[BaseModel]] = InstructOptions

    async def run(self, job: Job, generate: Generate, prompts: Prompts, options: InstructOptions) -> list[Candidate]:
        """At most ``job.n`` candidates; calls the writer once, with a small model once for each of them.

        Raises:
            ProviderError, BudgetExceededError: from ``generate``.
        """
        if not options.small_model:
            return await self._ask(job, generate, prompts, options, 0)
        found: list[Candidate] = []
        for index in range(job.n):
            found += await self._ask(job, generate, prompts, options, index)
        return found

    async def _ask(
        self, job: Job, generate: Generate, prompts: Prompts, options: InstructOptions, index: int
    ) -> list[Candidate]:
        small = options.small_model
        n = 1 if small else job.n
        name = f"{self.prompt}_small" if small else self.prompt
        sample = sample_of(job, index, job.n)
        values = {**prompt_values(job, self.name), "n": n}
        if small:
            values["openings"] = one_opening(values["openings"], job.sample + sample)
        examples = EXAMPLES if small else ()
        plain = {"description": "", "persona": "", "wishes": {}, "feedback": []}
        reply = await generate(
            conversation(prompts, name, values, [({**plain, **given}, shown) for given, shown in examples]),
            schema=small_schema(values["openings"]) if small else instruction_schema(values["openings"], n=n),
            max_tokens=options.room(n),
            temperature=options.heat,
            sample=sample,
        )
        return _read(Maker(self, job, prompts, name), reply, n=n, examples=[shown for _, shown in examples])


@lru_cache(maxsize=256)
def instruction_schema(openings: tuple[str, ...] = (), *, n: int = 1) -> dict[str, Any]:
    """Schema of one instruction with input and response, or of ``n`` under ``instructions``.

    Equal arguments give the very same object, so that dialects convert it once.
    """
    instruction: dict[str, Any] = {"type": "string", "minLength": 8, "maxLength": MOST_INSTRUCTION_CHARS}
    if openings:
        instruction["pattern"] = f"^({'|'.join(openings)}) .{{4,{MOST_INSTRUCTION_CHARS}}}$"
    one = object_schema(
        {
            "instruction": instruction,
            "input": {
                "type": "string",
                "maxLength": MOST_INPUT_CHARS,
                "description": "what the instruction works on; empty when it needs nothing",
            },
            "response": {"type": "string", "minLength": 1, "maxLength": MOST_RESPONSE_CHARS},
        }
    )
    if n == 1:
        return one
    return object_schema({"instructions": {"type": "array", "items": one, "minItems": 1, "maxItems": n}})


@lru_cache(maxsize=256)
def small_schema(openings: tuple[str, ...] = ()) -> dict[str, Any]:
    """Schema for small models: one sentence of instruction, one to three of response, no input."""
    openings = openings or ORDERING
    ends = "?" if openings[0].split()[0] in ASKING else "."
    return object_schema(
        {
            "instruction": {"type": "string", "pattern": opening_pattern(openings, most=110, ends=ends)},
            "response": {"type": "string", "pattern": sentences_pattern(1, 3)},
        }
    )


def _read(maker: Maker, reply: ChatReply, *, n: int, examples: Sequence[Content]) -> list[Candidate]:
    try:
        items = read_items(reply, fields=FIELDS, key="instructions", n=n)
    except ReplyError as error:
        return [maker.unreadable(reply, error)]
    return [
        maker.candidate(
            item,
            model=reply.model,
            problem=item_problem(item, texts=("instruction", "response"), examples=examples),
        )
        for item in items
    ]
