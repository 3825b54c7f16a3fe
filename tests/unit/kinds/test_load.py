import subprocess
import sys
from textwrap import dedent

import pytest

from seedbed.core.config import ProjectConfig
from seedbed.core.errors import ConfigError, PluginError, UnknownNameError
from seedbed.kinds.load import kind_names, load_kind

ENTRY = {"question": "Why?", "answer": "So."}


def project(**kinds) -> ProjectConfig:
    return ProjectConfig.model_validate({"kinds": kinds})


def test_a_plain_question_and_answer_is_enough():
    qa = load_kind("qa")
    assert qa.validate(ENTRY) == ENTRY
    assert qa.cells() == [()]
    assert qa.embed_text(ENTRY) == "Why?"


def test_an_instruction_without_input_gets_an_empty_one():
    kind = load_kind("instruction")
    content = kind.validate({"instruction": "Say hi.", "response": "Hi."})
    assert content == {"instruction": "Say hi.", "input": "", "response": "Hi."}
    assert kind.embed_text(content) == "Say hi."
    assert kind.embed_text({**content, "input": "to Bob"}) == "Say hi.\nto Bob"


def test_a_project_can_balance_a_built_in_kind():
    qa = load_kind("qa", project(qa={"balance": ["difficulty"], "embed": ["question", "answer"]}))
    assert [p.field for p in qa.problems(ENTRY)] == ["difficulty"]
    assert len(qa.cells()) == 3
    assert qa.embed_text(ENTRY) == "Why?\nSo."
    assert load_kind("qa").balance == ()


def test_a_project_can_add_and_narrow_fields_of_a_built_in_kind():
    config = project(
        qa={"fields": {"style": {"enum": ["plain", "formal"]}, "difficulty": {"enum": ["easy"]}}, "balance": ["style"]}
    )
    qa = load_kind("qa", config)
    content = qa.validate({**ENTRY, "style": "plain", "difficulty": "easy"})
    assert list(content) == ["question", "answer", "difficulty", "style"]
    assert [p.field for p in qa.problems({**ENTRY, "style": "x", "difficulty": "hard"})] == ["difficulty", "style"]
    assert qa.json_schema()["properties"]["style"]["enum"] == ["plain", "formal"]


def test_narrowing_a_built_in_field_to_nothing_is_refused():
    with pytest.raises(ConfigError, match="difficulty"):
        load_kind("qa", project(qa={"fields": {"difficulty": {"enum": ["extreme"]}}}))


def test_a_kind_is_declared_without_python():
    config = project(
        quote={
            "description": "A quotation.",
            "fields": {
                "text": {"description": "the words", "max_length": 200},
                "year": {"type": "integer", "minimum": 1, "maximum": 2100, "required": False},
                "mood": {"enum": ["glad", "sad"]},
                "tags": {"type": "list", "items": "string", "required": False},
            },
            "balance": ["mood"],
            "embed": ["text"],
        }
    )
    kind = load_kind("quote", config)
    assert kind.validate({"text": "x", "mood": "sad", "tags": ["a"]}) == {"text": "x", "mood": "sad", "tags": ["a"]}
    assert [(p.field, p.code) for p in kind.problems({"text": "x" * 201, "mood": "mad", "year": 0})] == [
        ("text", "too_long"),
        ("year", "below_minimum"),
        ("mood", "not_allowed"),
    ]
    assert kind.describe()["fields"]["text"]["description"] == "the words"


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ({}, ConfigError),
        ({"fields": {"a": {}}, "balance": ["b"]}, UnknownNameError),
        ({"fields": {"a": {}}, "balance": ["a"]}, ConfigError),
        ({"fields": {"a": {"pattern": "("}}}, ConfigError),
        ({"model": "nothing"}, ConfigError),
        ({"model": "no_such_module_here:Thing"}, PluginError),
        ({"model": "math:pi"}, ConfigError),
        ({"model": "m:C", "fields": {"a": {}}}, ConfigError),
    ],
)
def test_a_wrong_declaration_names_the_kind(spec, error, tmp_path):
    with pytest.raises(error) as caught:
        load_kind("mine", project(mine=spec), folder=tmp_path)
    assert caught.value.place["kind"] == "mine"


def test_unknown_kinds_name_near_ones_of_plugins_and_project():
    with pytest.raises(UnknownNameError) as caught:
        load_kind("quot", project(quote={"fields": {"a": {}}}))
    assert caught.value.near[0] == "quote"
    assert {"qa", "instruction", "quote"} <= set(kind_names(project(quote={})))


def model_file(folder, extra: str):
    folder.mkdir()
    (folder / "own_kinds.py").write_text(
        dedent(
            f"""
            from pydantic import BaseModel
            from own_words import FIELD
            class Note(BaseModel):
                text: str
                {extra}: str
            """
        )
    )
    (folder / "own_words.py").write_text("FIELD = 1\n")
    return folder


def test_models_of_two_projects_with_one_module_name_do_not_mix(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    config = project(note={"model": "own_kinds:Note"})
    before = list(sys.path)
    one = load_kind("note", config, folder=model_file(tmp_path / "one", "left"))
    two = load_kind("note", config, folder=model_file(tmp_path / "two", "right"))
    assert (list(one.fields), list(two.fields)) == (["text", "left"], ["text", "right"])
    assert sys.path == before
    assert one.validate({"text": "a", "left": "b"})


def test_a_module_with_the_name_of_pythons_own_is_refused(tmp_path):
    (tmp_path / "json.py").write_text("class A: pass\n")
    with pytest.raises(ConfigError, match="Python's own"):
        load_kind("note", project(note={"model": "json:A"}), folder=tmp_path)


def test_a_broken_module_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    (tmp_path / "broken_kinds.py").write_text("1 / 0\n")
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        load_kind("note", project(note={"model": "broken_kinds:A"}), folder=tmp_path)


def test_the_schema_language_itself_does_not_import_pydantic():
    code = "import sys, seedbed.kinds.kind; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
