"""``seedbed.yaml``: one pydantic model, every key checked, unknown keys refused with near matches.

Example:
    ```yaml
    kind: qa
    target: 200
    roles:
      writer: local:smollm2
      judge: openai:gpt-4o-mini
    checks:
      near_duplicate: {threshold: 0.9}
    ```
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from seedbed.core.errors import ConfigError, near_names
from seedbed.core.strict_yaml import YamlError, load_yaml

M = TypeVar("M", bound=BaseModel)

CONFIG_NAME = "seedbed.yaml"
DATASET_NAME = "seedbed.db"


class Strict(BaseModel):
    """Base of option models: unknown keys are errors, values are not mutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldConfig(Strict):
    """One declared field of a user's kind."""

    type: Literal["string", "integer", "number", "boolean", "list", "object"] = Field("string", description="JSON type")
    items: Literal["string", "integer", "number", "boolean", "object"] | None = Field(
        None, description="type of a list's items"
    )
    description: str = Field("", description="what it holds; shown to writers")
    required: bool = Field(True, description="must be present and, for strings, not blank")
    forbidden: bool = Field(False, description="must be absent; for topics that leave a field of the kind out")
    enum: list[str | int | float | bool] | None = Field(None, description="the only values allowed")
    minimum: float | None = Field(None, description="smallest number allowed")
    maximum: float | None = Field(None, description="largest number allowed")
    min_length: int | None = Field(None, description="fewest characters or items")
    max_length: int | None = Field(None, description="most characters or items")
    pattern: str | None = Field(None, description="regular expression the whole string must match")


class KindConfig(Strict):
    """A user's kind, declared without Python or pointing at a pydantic model."""

    model: str | None = Field(None, description="pydantic model as module:Class, instead of fields")
    description: str = ""
    fields: dict[str, FieldConfig] = Field(default_factory=dict)
    balance: list[str] = Field(default_factory=list, description="fields whose values are balanced")
    embed: list[str] = Field(default_factory=list, description="fields whose text is compared; default: all strings")


class EndpointConfig(Strict):
    """One provider's settings; a new name with ``dialect`` declares an endpoint of one's own."""

    dialect: Literal["openai", "anthropic", "gemini", "ollama"] | None = None
    base_url: str | None = None
    key_env: str | None = Field(None, description="environment variable that holds the key (never the key itself)")
    timeout_s: float | None = Field(None, gt=0)
    max_concurrency: int | None = Field(None, ge=1)
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)
    headers: dict[str, str] = Field(default_factory=dict)


class ReviewRules(Strict):
    """Under ``mode: rule``: an accepted candidate that one of these applies to is reviewed."""

    judge_below: float | None = Field(None, ge=0, le=10, description="judged lower than this")
    template_sibling: bool = Field(False, description="of the same template as an entry that is there")
    new_topic: int | None = Field(None, ge=1, description="among the first so many entries of its leaf")
    via: list[Literal["generate", "submit", "import"]] = Field(default_factory=list, description="came this way")
    topics: list[str] = Field(default_factory=list, description="in one of these topics, or below")
    near: float | None = Field(None, ge=0, lt=1, description="closer than this to its closest neighbour (cosine)")


class ReviewConfig(Strict):
    """Which entries are reviewed, by how many, and for which reasons they may be rejected."""

    mode: Literal["none", "all", "sampled", "rule"] = Field(
        "none", description="which accepted candidates are reviewed"
    )
    rate: float = Field(0.1, gt=0, le=1, description="share that is reviewed with mode: sampled; the same ones always")
    rules: ReviewRules = Field(default_factory=ReviewRules, description="when an entry is reviewed with mode: rule")
    overlap: int = Field(1, ge=1, le=20, description="reviewers that have to agree on an entry")
    reasons: list[str] = Field(
        default=["wrong", "off_topic", "duplicate", "unclear", "too_easy", "unsafe", "format", "other"],
        min_length=1,
        description="codes to reject for, in the order of the digit keys",
    )
    adjudicators: list[str] = Field(
        default_factory=list,
        description="reviewers whose decision settles a disagreement; default: who says --adjudicate",
    )

    @model_validator(mode="after")
    def _complete(self) -> ReviewConfig:
        if self.mode == "rule" and self.rules == ReviewRules():
            raise ValueError("mode: rule needs a rule under review.rules, e.g. judge_below: 8")
        wrong = [code for code in self.reasons if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", code)]
        if wrong:
            raise ValueError(f"reason {wrong[0]!r} is no code: small letters, digits and _, 40 at most")
        if len(set(self.reasons)) < len(self.reasons):
            raise ValueError("a reason is there twice")
        return self


class ProjectConfig(Strict):
    """The whole of ``seedbed.yaml``."""

    kind: str = Field("qa", description="kind of entries when a command names none")
    dataset: str = Field(DATASET_NAME, description="dataset file, relative to this file")
    target: int | None = Field(None, ge=1, description="accepted entries wanted in all")
    description: str = Field("", description="what the dataset is for; goes into prompts")
    language: str | None = Field(None, description="expected language of entries, e.g. en")
    kinds: dict[str, KindConfig] = Field(default_factory=dict)
    topics: str | dict[str, Any] | None = Field(None, description="topic tree, or a file that holds it")
    roles: dict[str, str] = Field(default_factory=dict, description="role → provider:model")
    providers: dict[str, EndpointConfig] = Field(default_factory=dict)
    prices: str | None = Field(None, description="YAML file of prices that goes before the built-in table")
    checks: dict[str, dict[str, Any] | bool] = Field(default_factory=dict, description="check → options, or false")
    review: ReviewConfig = Field(default_factory=ReviewConfig, description="which entries are reviewed, and how")
    similarity_scope: Literal["topic", "subtree", "dataset"] = "topic"
    on_duplicate: Literal["reject", "warn", "review"] = Field(
        "reject", description="what becomes of a duplicate: refused, let in with a warning, or put before a reviewer"
    )
    embedder: str = Field("static", description="static, minilm, or provider:model")
    system_prompt: str | None = Field(None, description="system turn of exported conversations")


def load_config(path: Path) -> ProjectConfig:
    """The configuration in ``path``; defaults when the file does not exist.

    Raises:
        ConfigError: not YAML, or a key or value is wrong; names the file, the key and near matches.
    """
    if not path.exists():
        return ProjectConfig()
    place: dict[str, Any] = {"file": str(path)}
    try:
        data = load_yaml(path.read_text(encoding="utf-8"))
    except YamlError as error:
        place |= {"row": error.row} if error.row is not None else {}
        raise ConfigError(f"{path.name} is not YAML: {error}", place=place) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}", place=place) from error
    return parse_options(ProjectConfig, data or {}, place=place)


def parse_options(model: type[M], data: Any, *, place: dict[str, Any] | None = None) -> M:
    """``data`` as ``model``.

    Raises:
        ConfigError: the first wrong key or value, with its path and the keys that exist nearby.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message, fix = f"{where or 'value'}: {first['msg']}", None
        if first["type"] == "extra_forbidden":
            message = f"unknown key {where!r}"
            near = near_names(str(first["loc"][-1]), _keys_at(model, first["loc"][:-1]))
            fix = f"did you mean {near[0]!r}?" if near else "known: " + ", ".join(_keys_at(model, first["loc"][:-1]))
        raise ConfigError(message, place={**(place or {}), "field": where}, fix=fix) from error


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Names of the fields at ``path`` inside ``model``, as far as nested models are declared directly."""
    current: Any = model
    for part in path:
        info = (
            current.model_fields.get(str(part))
            if isinstance(current, type) and issubclass(current, BaseModel)
            else None
        )
        if info is None:
            continue
        args = [a for a in getattr(info.annotation, "__args__", ()) if isinstance(a, type) and issubclass(a, BaseModel)]
        current = args[-1] if args else info.annotation
    return sorted(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []
