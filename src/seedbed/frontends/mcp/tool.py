"""What a tool is: a name, what an agent reads about it, arguments, a result, and what it does."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError, model_validator

from seedbed.core.errors import InputError, RowError, near_names
from seedbed.frontends.cli.session import parse_rows
from seedbed.frontends.mcp.desk import Caller, Desk

if TYPE_CHECKING:
    from seedbed.dataset import Dataset

Progress = Callable[[float, str], Awaitable[None]]
"""Tells the client how far a call is: a number that grows, and a sentence."""


Access = Literal["reads", "both", "writes"]


class Arguments(BaseModel):
    """Base of tools' arguments: unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _left_empty(cls, given: Any) -> Any:
        """Without what was left empty: some clients send every argument, those that they do not mean as ``""``."""
        needed = {name for name, info in cls.model_fields.items() if info.is_required()}
        return {name: value for name, value in given.items() if value != "" or name in needed}


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool.

    Attributes:
        desk: where the dataset is.
        caller: who asks.
        progress: tells them how far it is.
    """

    desk: Desk
    caller: Caller
    progress: Progress


@dataclass(frozen=True)
class Tool:
    """A tool.

    Attributes:
        name: as called.
        about: what an agent reads about it.
        arguments: model of what it takes.
        result: typed dictionary of what it returns.
        act: does it; raises ``SeedbedError``.
        access: ``reads`` changes nothing; ``writes`` can do nothing for a dataset that is only read; ``both`` can.
        destructive: it may take away what others made.
    """

    name: str
    about: str
    arguments: type[Arguments]
    result: type
    act: Callable[[Call, Any], Awaitable[dict[str, Any]]]
    access: Access = "reads"
    destructive: bool = False

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """JSON schema of the arguments."""
        schema = plain_schema(self.arguments.model_json_schema(), optional=True)
        del schema["description"]
        return schema

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """JSON schema of the result."""
        return plain_schema(TypeAdapter(self.result).json_schema(mode="serialization"))

    def parse(self, given: Mapping[str, Any]) -> Arguments:
        """The arguments, checked.

        Raises:
            InputError: one is unknown, missing or wrong (``invalid_arguments``); names it.
        """
        try:
            return self.arguments.model_validate(given)
        except ValidationError as error:
            raise self._invalid(error) from error

    def _invalid(self, error: ValidationError) -> InputError:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        names = [".".join(map(str, e["loc"])) for e in found]
        said = "; ".join(f"{name}: {_sentence(e['msg'])}" for name, e in zip(names[:5], found, strict=False))
        unknown = next((n for n, e in zip(names, found, strict=True) if e["type"] == "extra_forbidden"), None)
        known = list(self.arguments.model_fields)
        near = near_names(unknown, known) if unknown else []
        fix = f"did you mean {near[0]!r}?" if near else f"arguments of {self.name}: {', '.join(known)}"
        return InputError(said, place={"tool": self.name, "argument": names[0]}, fix=fix, code="invalid_arguments")


def on_desk(work: Callable[[Dataset, A, Caller], dict[str, Any]]) -> Callable[[Call, A], Awaitable[dict[str, Any]]]:
    """A tool's ``act`` that runs ``work`` on the dataset's thread."""

    async def act(call: Call, arguments: A) -> dict[str, Any]:
        return await call.desk.run(lambda dataset: work(dataset, arguments, call.caller))

    return act


def plain_schema(schema: Mapping[str, Any], *, optional: bool = False) -> dict[str, Any]:
    """A JSON schema without what says nothing: an agent reads and pays for every word.

    Args:
        schema: as pydantic makes it, with a title for every name.
        optional: what may be left out is not shown as ``null`` as well.
    """
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            out[key] = {name: plain_schema(each, optional=optional) for name, each in value.items()}
        elif key != "title":
            out[key] = _plain(value, optional)
    choices = out.get("anyOf", [])
    if optional and out.get("default", 0) is None and {"type": "null"} in choices and len(choices) == 2:
        del out["anyOf"], out["default"]
        out = next(c for c in choices if c != {"type": "null"}) | out
    return out


def _plain(value: Any, optional: bool) -> Any:
    if isinstance(value, list):
        return [_plain(each, optional) for each in value]
    return plain_schema(value, optional=optional) if isinstance(value, dict) else value


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:]


def _decoded(value: Any) -> Any:
    """A JSON text as what it says: some clients send lists and objects as text."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _listed(value: Any) -> Any:
    """One thing as a list of one."""
    value = _decoded(value)
    return [value] if isinstance(value, dict | str | int) else value


def _as_rows(value: Any) -> Any:
    """Rows as on the command line; one that cannot be read stands in its place as an error, bare text as it is."""
    if isinstance(value, list):
        return [one for each in value for one in (_as_rows(each) if _is_object_text(each) else [each])]
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return [value] if isinstance(value, dict | str) else value
    try:
        return parse_rows(value)
    except RowError as error:
        return [error if _is_object_text(value) else value]
    except InputError:  # an empty list
        return []


def _is_object_text(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip().startswith("{")


def _named(value: Any) -> Any:
    """One name as a list of one."""
    value = _decoded(value)
    return [value] if isinstance(value, str) else value


Rows = Annotated[list[Any], BeforeValidator(_as_rows)]
"""Rows; a single one, and JSON text, are taken as well."""

T = TypeVar("T")
Several = Annotated[list[T], BeforeValidator(_listed)]
"""A list; a single thing, and JSON text, are taken as well."""

Names = Several[str]
"""Texts; a single one is taken as well."""

Leaves = Annotated[list[str] | dict[str, str], BeforeValidator(_named)]
"""Names, or names with descriptions; JSON text of either, and a single name, are taken as well."""

Object = Annotated[dict[str, Any], BeforeValidator(_decoded)]
"""A JSON object; JSON text is taken as well."""
