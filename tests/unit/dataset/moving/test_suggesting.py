import yaml

from seedbed.core.config import ProjectConfig, parse_options
from seedbed.dataset.moving.suggesting import as_yaml, suggest_kind
from seedbed.kinds.load import load_kind

ROWS = [
    {
        "question": f"What is number {i}?",
        "answer": f"It is number {i}, which is written out here at length.",
        "difficulty": ["easy", "hard"][i % 2],
        "score": i / 2 if i else 0,
        "tags": ["x"],
        "arguments": {"n": i},
        **({"note": "odd"} if i % 2 else {}),
    }
    for i in range(10)
]


def test_types_values_and_what_is_compared_are_found():
    kind = suggest_kind("mine", ROWS)["mine"]
    assert kind["fields"] == {
        "question": {"type": "string"},
        "answer": {"type": "string"},
        "difficulty": {"type": "string", "enum": ["easy", "hard"]},
        "score": {"type": "number"},
        "tags": {"type": "list", "items": "string"},
        "arguments": {"type": "object"},
        "note": {"type": "string", "required": False},
    }
    assert (kind["balance"], kind["embed"]) == (["difficulty"], ["question"])


def test_the_text_is_a_configuration_that_takes_the_rows():
    config = parse_options(ProjectConfig, yaml.safe_load(as_yaml(suggest_kind("mi ne: é", ROWS))))
    kind = load_kind("mi ne: é", config)
    assert [kind.problems(row) for row in ROWS] == [[]] * len(ROWS)


def test_without_rows_there_is_nothing_to_suggest():
    assert suggest_kind("mine", []) == {"mine": {"fields": {}}}
