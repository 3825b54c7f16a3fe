"""What an entry of this project is: a request to a home assistant with the calls that fulfil it.

A Python schema pays here: the tools are declared once and filled in, and difficulty has to agree with the calls. What
the built-in kind ``tool_use`` checks holds as well: calls are of declared tools, arguments are objects that fit.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from seedbed.kinds.builtin import Difficulty, ToolUse
from seedbed.kinds.tool_calls import Tool


def tool(name: str, description: str, required: list[str], **parameters: dict[str, Any]) -> dict[str, Any]:
    """A tool definition as chat APIs take it."""
    schema = {"type": "object", "properties": parameters, "required": required}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


ROOM = {"type": "string", "enum": ["kitchen", "living room", "bedroom", "bathroom", "hall"]}
CLOCK = {"type": "string", "description": "time of day as HH:MM"}

TOOLS = [
    tool("set_light", "Switch or dim the lights of a room.", ["room", "percent"],
         room=ROOM, percent={"type": "integer", "minimum": 0, "maximum": 100}),
    tool("set_heating", "Set the temperature of a room.", ["room", "celsius"],
         room=ROOM, celsius={"type": "number", "minimum": 5, "maximum": 28}),
    tool("set_timer", "Start a timer.", ["minutes"],
         minutes={"type": "integer", "minimum": 1, "maximum": 600}, label={"type": "string"}),
    tool("add_reminder", "Remind at a time of day.", ["text", "time"], text={"type": "string"}, time=CLOCK),
]  # fmt: skip
"""What the assistant can do. Change it before entries are made: each entry keeps the tools it was made with."""


class HomeCall(ToolUse):
    """A request to a home assistant with the calls that fulfil it, or what it says when no tool fits."""

    tools: list[Tool] = Field(TOOLS, description="filled in by the project: leave it out")
    difficulty: Difficulty = Field(description="easy: one call, all values said; medium: a value must be worked out; "
                                   "hard: several calls, or no tool fits")  # fmt: skip

    @model_validator(mode="after")
    def _difficulty_agrees_with_the_calls(self) -> Self:
        if self.difficulty != "hard" and len(self.calls) != 1:
            raise ValueError(f"difficulty is {self.difficulty!r} with {len(self.calls)} calls; only hard ones have so")
        return self
