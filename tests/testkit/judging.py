"""What checks need in tests: candidates, contexts, the package's own judge templates and a scripted model."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Any

import jinja2

from seedbed.core.protocols import CheckContext
from seedbed.core.records import Candidate, ChatReply, Origin, Seed, Topic


def candidate(content: Any, *, kind: str = "qa", chunk: str | None = None, problem: tuple[str, str] | None = None):
    seed = Seed("u", "docs/a.md", chunk) if chunk is not None else None
    return Candidate("files", kind, content, Origin("submit"), seed=seed, problem=problem)


def context(content: dict[str, Any], *, text: str | None = None, **more: Any) -> CheckContext:
    shown = text if text is not None else str(content.get("question", ""))
    topic = more.pop("topic", Topic("files/hdf5", "storing arrays in HDF5"))
    return CheckContext(content, shown, topic, **more)


class PackagePrompts:
    """The templates that ship in the package, strict about undefined names."""

    def __init__(self) -> None:
        folder = resources.files("seedbed") / "recipes" / "prompts"
        self._folder = folder
        self._jinja = jinja2.Environment(
            loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text("utf-8")),
            undefined=jinja2.StrictUndefined,
            autoescape=False,
        )

    def render(self, name: str, **values: Any) -> str:
        return self._jinja.get_template(f"{name}.j2").render(**values).strip()

    def version(self, name: str) -> str:
        return hashlib.blake2b((self._folder / f"{name}.j2").read_bytes(), digest_size=6).hexdigest()


class ScriptedModel:
    """Answers every call with one text, or raises one error; remembers what it was asked."""

    def __init__(self, text: str = "", *, finish: str = "stop", error: Exception | None = None) -> None:
        self.text, self.finish, self.error = text, finish, error
        self.calls: list[dict[str, Any]] = []

    async def __call__(self, messages: Any, **options: Any) -> ChatReply:
        self.calls.append({"messages": list(messages), **options})
        if self.error is not None:
            raise self.error
        return ChatReply(self.text, finish=self.finish, model="scripted")
