import enum
from datetime import date
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from seedbed.core.errors import ConfigError
from seedbed.kinds.models import kind_of


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


class Step(BaseModel):
    text: str
    n: int = Field(ge=1)


class Lesson(BaseModel):
    """A lesson
    in steps.

    More words that writers need not see.
    """

    balance: ClassVar[tuple[str, ...]] = ("level",)
    embed: ClassVar[str] = "title"

    title: Annotated[str, AfterValidator(str.strip)] = Field(min_length=2, description="its name")
    level: Level
    steps: list[Step] = Field(min_length=1)
    tags: list[Literal["a", "b"]] = []
    day: date | None = None
    score: float | None

    @field_validator("title")
    @classmethod
    def _no_shouting(cls, value: str) -> str:
        if value.isupper():
            raise ValueError("do not shout")
        return value

    @model_validator(mode="after")
    def _enough(self) -> "Lesson":
        if self.level is Level.HIGH and len(self.steps) < 2:
            raise ValueError("a high lesson has two steps")
        return self


LESSON = kind_of("lesson", Lesson)
GOOD = {"title": " Sums ", "level": "low", "steps": [{"text": "x", "n": 1}]}


def test_rules_come_from_the_model():
    assert LESSON.description == "A lesson in steps."
    assert LESSON.fields["title"].min_length == 2
    assert LESSON.fields["level"].enum == ("low", "high")
    assert LESSON.balance == ("level",)
    assert LESSON.embed == ("title",)
    assert LESSON.cells() == [(("level", "low"),), (("level", "high"),)]


def test_content_is_what_the_model_holds():
    assert LESSON.validate({**GOOD, "day": "2024-02-29"}) == {
        "title": "Sums",
        "level": "low",
        "steps": [{"text": "x", "n": 1}],
        "tags": [],
        "day": "2024-02-29",
    }


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"title": "LOUD"}, "title", "invalid"),
        ({"level": "high"}, "", "invalid"),
        ({"steps": [{"text": "x", "n": 0}]}, "steps.0.n", "invalid"),
        ({"steps": [{"n": 1}]}, "steps.0.text", "missing"),
        ({"steps": [{"text": "x", "n": "1"}]}, "steps.0.n", "invalid"),
        ({"day": "yesterday"}, "day", "invalid"),
        ({"tags": ["c"]}, "tags", "not_allowed"),
        ({"extra": 1}, "extra", "unknown_field"),
    ],
)
def test_the_models_own_validators_run(change, field, code):
    assert [(p.field, p.code) for p in LESSON.problems({**GOOD, **change})] == [(field, code)]


def test_a_field_is_reported_once():
    problems = LESSON.problems({**GOOD, "title": 3, "steps": []})
    assert [(p.field, p.code) for p in problems] == [("title", "wrong_type"), ("steps", "too_short")]


def test_the_schema_keeps_nested_models():
    schema = LESSON.json_schema()
    assert schema["properties"]["steps"]["items"] == {"$ref": "#/$defs/Step"}
    assert schema["$defs"]["Step"]["properties"]["n"]["minimum"] == 1
    assert schema["properties"]["level"]["enum"] == ["low", "high"]
    assert "$defs" not in LESSON.json_schema(fields=["title"])


def test_a_validator_that_trips_is_a_problem_not_a_crash():
    class Fragile(BaseModel):
        text: str

        @field_validator("text")
        @classmethod
        def _look(cls, value: str) -> str:
            return {"known": value}[value]

    kind = kind_of("fragile", Fragile)
    assert kind.validate({"text": "known"}) == {"text": "known"}
    assert [p.code for p in kind.problems({"text": "other"})] == ["invalid"]


def test_a_field_named_balance_is_data():
    class Account(BaseModel):
        balance: int
        embed: str

    kind = kind_of("account", Account)
    assert (kind.balance, kind.embed) == ((), ("embed",))


@pytest.mark.parametrize("extra", ["ignore", "allow", "forbid"])
def test_the_models_extra_setting_counts(extra):
    class Open(BaseModel):
        model_config = ConfigDict(extra=extra)
        a: str

    content, problems = kind_of("open", Open).read({"a": "x", "b": 1})
    expected = {"ignore": {"a": "x"}, "allow": {"a": "x", "b": 1}, "forbid": None}[extra]
    assert content == expected
    assert [p.code for p in problems] == (["unknown_field"] if extra == "forbid" else [])


def test_aliases_are_the_names():
    class Aliased(BaseModel):
        text: str = Field(alias="the_text")

    assert kind_of("aliased", Aliased).validate({"the_text": "x"}) == {"the_text": "x"}


def test_an_infinite_balance_field_is_refused():
    class Free(BaseModel):
        balance: ClassVar = ("text",)
        text: str

    with pytest.raises(ConfigError):
        kind_of("free", Free)
