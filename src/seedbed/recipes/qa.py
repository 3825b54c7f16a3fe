"""Question-and-answer pairs from source text: instruction backtranslation (Li et al. 2023, arXiv:2308.06259).

The chunk is where the answer comes from. An able model writes question and answer. A small one (``small_model``) only
writes the question: the answer is a sentence of the chunk, so it is grounded by construction. Measured with
SmolLM2-135M over the h5py manual, answers it wrote itself were mostly invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

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
from seedbed.recipes.coordinates import fitting_form, form_named, one_opening
from seedbed.recipes.passages import choose, passages
from seedbed.recipes.small import ASKING, opening_pattern

if TYPE_CHECKING:
    from pydantic import BaseModel

    from seedbed.core.protocols import Generate, Prompts
    from seedbed.core.records import Candidate, ChatReply, Content, Job, Seed

MOST_QUESTION_CHARS = 400
MOST_ANSWER_CHARS = 4000


class QAOptions(WriterOptions):
    """Options of the recipe ``qa``."""

    text_chars: int = Field(12_000, ge=200, description="most characters of a chunk that are shown to the writer")


EXAMPLES: tuple[tuple[dict[str, Any], Content], ...] = (
    (
        {
            "headings": ("Baking", "Bread"),
            "answer": "In a cold kitchen yeast works more slowly, so the dough needs about twice as long to rise.",
            "openings": ("Why does",),
        },
        {"question": "Why does bread dough need longer to rise in a cold kitchen?"},
    ),
    (
        {
            "headings": ("Bicycles", "Chains"),
            "answer": "If the chain is too long, it slips off the smallest sprocket.",
            "openings": ("What happens if",),
        },
        {"question": "What happens if a bicycle chain is too long?"},
    ),
    (
        {
            "headings": ("Museum", "Rules for visitors"),
            "answer": "Visitors may photograph the permanent collection without flash.",
            "openings": ("How can",),
        },
        {"question": "How can visitors photograph the permanent collection of the museum?"},
    ),
)
"""Worked examples for small models. Always the same three in the same order: the beginning of a prompt is kept by
llama.cpp between calls, which makes a call three times faster than rotating them."""


class QARecipe:
    """Question-and-answer pairs from the chunks of documents. Satisfies ``core.protocols.Recipe``."""

    name: ClassVar[str] = "qa"
    version: ClassVar[str] = "1"
    kind: ClassVar[str] = "qa"
    needs_seeds: ClassVar[bool] = True
    prompt: ClassVar[str] = "qa"
    Options: ClassVar[type[BaseModel]] = QAOptions

    async def run(self, job: Job, generate: Generate, prompts: Prompts, options: QAOptions) -> list[Candidate]:
        """At most ``job.n`` candidates; calls the writer once, with a small model once for each pair.

        Raises:
            ProviderError, BudgetExceededError: from ``generate``.
        """
        if job.seed is None:
            maker = Maker(self, job, prompts, self.prompt)
            return [maker.candidate("", problem=("no_seed", "the recipe qa works from source text, and got none"))]
        if options.small_model:
            return await self._questions(job, job.seed, generate, prompts, options)
        return await self._pairs(job, job.seed, generate, prompts, options)

    async def _pairs(
        self, job: Job, seed: Seed, generate: Generate, prompts: Prompts, options: QAOptions
    ) -> list[Candidate]:
        maker = Maker(self, job, prompts, self.prompt)
        values = {
            **prompt_values(job, self.name),
            "headings": seed.headings,
            "text": _clipped(seed.text, options.text_chars),
            "n": job.n,
        }
        reply = await generate(
            conversation(prompts, self.prompt, values),
            schema=pair_schema(values["openings"], n=job.n),
            max_tokens=options.room(job.n),
            temperature=options.heat,
            sample=sample_of(job, 0, 1),
        )
        return _read(maker, reply, fields=("question", "answer"), n=job.n)

    async def _questions(
        self, job: Job, seed: Seed, generate: Generate, prompts: Prompts, options: QAOptions
    ) -> list[Candidate]:
        """A question for each of ``job.n`` passages of the chunk, in the job's form where the passage fits it."""
        name = f"{self.prompt}_small"
        maker = Maker(self, job, prompts, name)
        form = form_named(self.name, job.coordinates.get("form", ""))
        left = passages(_clipped(seed.text, options.text_chars))
        if not left:
            problem = ("no_passage", "the chunk holds no sentence that could be an answer by itself")
            return [maker.candidate("", problem=problem)]
        found: list[Candidate] = []
        for index in range(min(job.n, len(left))):
            sample = sample_of(job, index, job.n)
            key = f"{seed.uid}/{job.sample}/{sample}"
            passage = choose(left, cue=form.cue if form else "", key=key)
            left.remove(passage)
            used = fitting_form(self.name, passage.text, form, key=key) if form else None
            openings = one_opening(used.openings if used else (), job.sample + sample)
            own = {"headings": seed.headings, "answer": passage.text, "openings": openings}
            reply = await generate(
                conversation(prompts, name, {**prompt_values(job, self.name), **own}, EXAMPLES),
                schema=object_schema({"question": question_schema(openings, small=True)}),
                max_tokens=options.room(1),
                temperature=options.heat,
                sample=sample,
            )
            found += _read(maker, reply, fields=("question",), n=1, answer=passage.text)
        return found


def question_schema(openings: Sequence[str] = (), *, small: bool = False) -> dict[str, Any]:
    """Schema of a question; with ``openings`` it starts with one of them."""
    schema: dict[str, Any] = {"type": "string", "minLength": 8, "maxLength": MOST_QUESTION_CHARS}
    if small:
        schema["pattern"] = opening_pattern(openings or ASKING, most=140)
    elif openings:
        schema["pattern"] = f"^({'|'.join(openings)}) .{{4,{MOST_QUESTION_CHARS}}}$"
    return schema


@lru_cache(maxsize=256)
def pair_schema(openings: tuple[str, ...] = (), *, n: int = 1) -> dict[str, Any]:
    """Schema of one pair, or of ``n`` pairs under ``pairs``.

    Equal arguments give the very same object, so that dialects convert it once.
    """
    pair = object_schema(
        {
            "question": question_schema(openings),
            "answer": {"type": "string", "minLength": 1, "maxLength": MOST_ANSWER_CHARS},
        }
    )
    return pair if n == 1 else object_schema({"pairs": {"type": "array", "items": pair, "minItems": 1, "maxItems": n}})


def _read(
    maker: Maker, reply: ChatReply, *, fields: Sequence[str], n: int, answer: str | None = None
) -> list[Candidate]:
    """Candidates of a reply; with ``answer`` it is the answer to the one question."""
    try:
        items = read_items(reply, fields=fields, key="pairs", n=n)
    except ReplyError as error:
        return [maker.unreadable(reply, error)]
    examples = [] if answer is None else [shown for _, shown in EXAMPLES]
    meta = {} if answer is None else {"answer": "quoted"}
    found = []
    for item in items:
        problem = item_problem(item, texts=fields, examples=examples)
        raw = item if answer is None else {**item, "answer": answer}
        found.append(maker.candidate(raw, model=reply.model, problem=problem, meta=meta))
    return found


def _clipped(text: str, most: int) -> str:
    """At most ``most`` characters of ``text``, cut between paragraphs where one ends in the second half."""
    if len(text) <= most:
        return text
    cut = text.rfind("\n\n", most // 2, most)
    return text[: cut if cut > 0 else most].rstrip()
