"""The kinds that come with Seedbed. ``balance`` and ``embed`` are defaults that ``seedbed.yaml`` can change."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, Field

Difficulty = Literal["easy", "medium", "hard"]


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
