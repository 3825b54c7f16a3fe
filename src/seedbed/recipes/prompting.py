"""Prompt templates: Jinja files in the package, overridden file by file in a project's ``prompts/`` folder."""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.core.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from jinja2 import Environment, Template

PACKAGE_PROMPTS = Path(__file__).parent / "prompts"
SUFFIX = ".j2"
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*")


@dataclass(frozen=True, slots=True)
class _Prompt:
    path: Path
    version: str
    template: Template


class PromptLibrary:
    """Templates by name (``qa`` is ``qa.j2``), read and compiled once. Satisfies ``core.protocols.Prompts``.

    A template renders one message of a conversation at a time; the variable ``part`` says which (``system`` or
    ``task``), so that a whole prompt is one file with one version. Nothing is escaped: prompts are text. Templates run
    in Jinja's sandbox, and a variable that is not there is an error.

    Args:
        overrides: a project's own templates, which go first; or ``None``.
        more: further folders, after the package's own.
    """

    def __init__(self, overrides: Path | None = None, *, more: Sequence[Path] = ()) -> None:
        self._overrides = overrides
        self._folders = [*([overrides] if overrides else []), PACKAGE_PROMPTS, *more]
        self._prompts: dict[str, _Prompt] = {}
        self._environment: Environment | None = None

    def names(self) -> list[str]:
        """Names of all templates, sorted."""
        found = ((folder, path) for folder in self._folders for path in folder.rglob(f"*{SUFFIX}"))
        return sorted({path.relative_to(folder).with_suffix("").as_posix() for folder, path in found})

    def version(self, name: str) -> str:
        """12 hex characters of the hash of the template's text; errors as ``render``."""
        return self._prompt(name).version

    def overridden(self, name: str) -> bool:
        """Whether the project's own template is used; errors as ``render``."""
        return self._overrides is not None and self._prompt(name).path.is_relative_to(self._overrides)

    def render(self, name: str, **values: Any) -> str:
        """The rendered template, stripped.

        Raises:
            UnknownNameError: no such template; near matches are named.
            ConfigError: the template is broken or asks for what it is not given; names file and line.
        """
        prompt = self._prompt(name)
        try:
            return prompt.template.render(values).strip()
        except _faults() as error:
            raise _broken(prompt.path, error, _line_of(error)) from error

    def _prompt(self, name: str) -> _Prompt:
        if name not in self._prompts:
            self._prompts[name] = self._read(name)
        return self._prompts[name]

    def _read(self, name: str) -> _Prompt:
        from jinja2 import TemplateSyntaxError

        path = None
        if _NAME.fullmatch(name):
            path = next((p for folder in self._folders if (p := folder / f"{name}{SUFFIX}").is_file()), None)
        if path is None:
            raise UnknownNameError("prompt", name, self.names())
        if self._environment is None:
            self._environment = _sandbox(self._folders)
        try:
            template = self._environment.get_template(f"{name}{SUFFIX}")
            text = path.read_bytes()
        except TemplateSyntaxError as error:
            raise _broken(path, error, error.lineno) from error
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the prompt {path}: {error}", place={"file": str(path)}) from error
        return _Prompt(path, hashlib.blake2b(text, digest_size=6).hexdigest(), template)


def _sandbox(folders: Sequence[Path]) -> Environment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        autoescape=False,  # prompts are text for a model, not markup
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _faults() -> tuple[type[Exception], ...]:
    """What rendering may raise; looked up only once something was raised, so that Jinja is imported late."""
    from jinja2 import TemplateError

    return TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError


def _line_of(error: BaseException) -> int | None:
    """Line of the template in which ``error`` arose; Jinja puts templates into tracebacks."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename.endswith(SUFFIX)), None)


def _broken(path: Path, error: Exception, line: int | None) -> ConfigError:
    said = getattr(error, "message", None) or str(error) or type(error).__name__
    place: dict[str, Any] = {"file": str(path)}
    if line is not None:
        place["row"] = line
    where = path.name if line is None else f"{path.name}, line {line}"
    return ConfigError(f"prompt template {where}: {said}", place=place, fix="mend the template, or delete it")
