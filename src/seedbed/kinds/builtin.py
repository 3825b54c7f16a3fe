"""The kinds that come with Seedbed. ``balance`` and ``embed`` are defaults that ``seedbed.yaml`` can change.

Fields have the names that trainers and graders read, so that a ``jsonl`` export is their input as it is.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator

from seedbed.core.identity import normalised_text
from seedbed.kinds.tool_calls import Call, Tool, call_problem
from seedbed.kinds.values import shown

Difficulty = Literal["easy", "medium", "hard"]

NUMBER = r"-?(?:[0-9]+(?:\.[0-9]+)?|[0-9]+/0*[1-9][0-9]*)"
"""The one spelling of a final answer in ``math``: integer, decimal or fraction, in digits."""

_NUMBERS = re.compile(r"-?[0-9][0-9,]*(?:\.[0-9]+)?(?:/[0-9]+)?")


class QA(BaseModel):
    """A question with its answer, understandable without any other text."""

    balance: ClassVar[tuple[str, ...]] = ()
    embed: ClassVar[tuple[str, ...]] = ("question",)

    question: str = Field(description="the question, complete in itself")
    answer: str = Field(description="the answer, correct and complete")
    difficulty: Difficulty | None = Field(None, description="how hard the question is to answer")


class Instruction(BaseModel):
    """An instruction, optionally with an input it works on, and the response that follows it."""

    balance: ClassVar[tuple[str, ...]] = ()
    embed: ClassVar[tuple[str, ...]] = ("instruction", "input")

    instruction: str = Field(description="what is asked for")
    input: str = Field("", description="text or data the instruction works on; empty when it needs none")
    response: str = Field(description="the response, correct and complete")
    difficulty: Difficulty | None = Field(None, description="how hard the instruction is to follow")


class Classification(BaseModel):
    """A text with its label. Give ``label`` an enum in ``seedbed.yaml``, and balance it there."""

    balance: ClassVar[tuple[str, ...]] = ()
    embed: ClassVar[tuple[str, ...]] = ("text",)

    text: str = Field(description="the text as it would come in, without any hint at its label")
    label: str = Field(description="the one label that fits")


class ToolUse(BaseModel):
    """A request with the tools on offer and the calls that fulfil it; or, without calls, what is answered instead."""

    balance: ClassVar[tuple[str, ...]] = ()
    embed: ClassVar[tuple[str, ...]] = ("query",)

    query: str = Field(description="what the user asks for, with every value that the arguments need")
    tools: list[Tool] = Field(
        min_length=1, description="tools on offer, each {name, description, parameters: JSON schema}"
    )
    function: str | None = Field(None, description="name of the function of the first call; absent without calls")
    calls: list[Call] = Field(description="calls in order, each {name, arguments: object}; empty when no tool fits")
    answer: str | None = Field(None, description="what the assistant says instead, when calls is empty")

    @field_validator("calls")
    @classmethod
    def _calls_fit_the_tools(cls, calls: list[Call], info: ValidationInfo) -> list[Call]:
        for i, call in enumerate(calls):
            if problem := call_problem(call, info.data.get("tools", ())):
                raise ValueError(f"call {i + 1}: {problem}" if len(calls) > 1 else problem)
        return calls

    @model_validator(mode="after")
    def _function_is_the_one_called(self) -> Self:
        if not self.calls and self.function is not None:
            raise ValueError(f"function is {shown(self.function)}, but calls is empty")
        if not self.calls and not (self.answer or "").strip():
            raise ValueError("answer is missing: without calls it says what the assistant answers")
        if self.calls and self.function != self.calls[0].name:
            said = "missing" if self.function is None else shown(self.function)
            raise ValueError(f"function is {said}; the first call is of {shown(self.calls[0].name)}")
        return self


class Rag(BaseModel):
    """A search query with the passage that answers it, and passages that look right but do not."""

    balance: ClassVar[tuple[str, ...]] = ()
    embed: ClassVar[tuple[str, ...]] = ("query",)

    query: str = Field(description="what somebody would type, in their words rather than the passage's")
    passage: str = Field(description="the passage that answers the query, as it would stand in the collection")
    answer: str | None = Field(None, description="the answer in a sentence, from the passage alone")
    negatives: list[str] | None = Field(
        None, description="hard negatives: passages on the same matter that do not answer the query"
    )

    @field_validator("negatives")
    @classmethod
    def _negatives_are_others(cls, negatives: list[str] | None, info: ValidationInfo) -> list[str] | None:
        seen = {normalised_text(str(info.data.get("passage", "")))}
        for i, text in enumerate(negatives or (), 1):
            normal = normalised_text(text)
            if not normal:
                raise ValueError(f"negative {i} is blank")
            if normal in seen:
                raise ValueError(f"negative {i} is the passage or another negative again")
            seen.add(normal)
        return negatives


class Paraphrase(BaseModel):
    """Another way to say what the source says."""

    balance: ClassVar[tuple[str, ...]] = ()
    embed: ClassVar[tuple[str, ...]] = ("text",)

    source: str = Field(description="the sentence that is said differently, word for word as given")
    text: str = Field(description="the same meaning in other words and another build")

    @model_validator(mode="after")
    def _text_is_another(self) -> Self:
        _differ(self.text, self.source, "text is the source again")
        return self


class Preference(BaseModel):
    """A prompt with a response that is preferred and one that is not."""

    balance: ClassVar[tuple[str, ...]] = ()
    embed: ClassVar[tuple[str, ...]] = ("prompt",)

    prompt: str = Field(description="what the user says, complete in itself")
    chosen: str = Field(description="the better response")
    rejected: str = Field(description="a plausible response that is worse, of about the same length and tone")
    reason: str | None = Field(None, description="what makes the chosen one better, in a sentence")

    @model_validator(mode="after")
    def _responses_differ(self) -> Self:
        _differ(self.chosen, self.rejected, "chosen and rejected say the same")
        return self


class Math(BaseModel):
    """A problem with worked steps and a number as its final answer."""

    balance: ClassVar[tuple[str, ...]] = ()
    embed: ClassVar[tuple[str, ...]] = ("question",)

    question: str = Field(description="the problem, with every number that is needed and one answer")
    steps: list[str] = Field(min_length=1, description="the way to the answer, one thought a step; the last states it")
    answer: str = Field(description="the final number in digits: 12, -3, 2.5 or 3/4, without unit, blank or comma")
    unit: str | None = Field(None, description="unit of the answer, e.g. km/h")
    difficulty: Difficulty | None = Field(None, description="how hard the problem is")

    @field_validator("answer")
    @classmethod
    def _answer_is_a_number(cls, answer: str, info: ValidationInfo) -> str:
        if len(answer) > 100 or re.fullmatch(NUMBER, answer) is None:
            raise ValueError(f"{shown(answer)} is not a number as asked for: 12, -3, 2.5 or 3/4")
        steps = info.data.get("steps") or [""]
        if Fraction(answer) not in set(_fractions(steps[-1][-2_000:])):
            raise ValueError(f"the last step does not state {shown(answer)}")
        return answer


class EvalCase(BaseModel):
    """An input to a system under test, with what is expected of it: a reference, criteria, or both."""

    balance: ClassVar[tuple[str, ...]] = ()
    embed: ClassVar[tuple[str, ...]] = ("input",)

    input: str = Field(description="what the system under test is given")
    context: str | None = Field(None, description="text that goes with the input, e.g. a document or a conversation")
    expected: str | None = Field(None, description="the reference answer, where there is one right answer")
    criteria: list[str] | None = Field(
        None, description="statements about a good output, each of which a grader can say yes or no to"
    )
    category: str | None = Field(None, description="what is tested")
    difficulty: Difficulty | None = Field(None, description="how hard the case is")

    @model_validator(mode="after")
    def _can_be_graded(self) -> Self:
        blank = [i for i, text in enumerate(self.criteria or (), 1) if not text.strip()]
        if blank:
            raise ValueError(f"criterion {blank[0]} is blank")
        if not (self.expected or "").strip() and not self.criteria:
            raise ValueError("expected or criteria is missing: without one of them nothing can be graded")
        return self


def _differ(a: str, b: str, said: str) -> None:
    if normalised_text(a) == normalised_text(b):
        raise ValueError(f"{said}, but for case, blanks and punctuation")


def _fractions(text: str) -> list[Fraction]:
    """The numbers in a text, thousands commas dropped; what is none, e.g. 3/0, is left out."""
    out = []
    for found in _NUMBERS.findall(text.replace("−", "-")):
        plain = found.replace(",", "")
        if len(plain) <= 100 and re.fullmatch(NUMBER, plain):
            out.append(Fraction(plain))
    return out
