from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from seedbed.core.errors import ConfigError, UnknownNameError
from seedbed.recipes.prompting import PACKAGE_PROMPTS, PromptLibrary

VALUES = {
    "n": 1, "text": "Ice floats.", "headings": ("Physics", "Ice"), "topic": "physics", "description": "", "aspect": "",
    "form": "", "openings": (), "persona": "", "wishes": {}, "feedback": [],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "prompts"
    path.mkdir()
    return path


def test_package_template_renders_text_without_escaping():
    said = PromptLibrary().render("qa", part="task", **{**VALUES, "text": "a < b & c"})
    assert "a < b & c" in said
    assert "Physics > Ice" in said


def test_a_project_template_goes_first_and_changes_the_version(folder):
    (folder / "qa.j2").write_text("Ask about {{ text }}", encoding="utf-8")
    library = PromptLibrary(folder)
    assert library.render("qa", **VALUES) == "Ask about Ice floats."
    assert library.version("qa") != PromptLibrary().version("qa")
    assert library.overridden("qa")
    assert not library.overridden("instruct")
    assert library.version("instruct") == PromptLibrary().version("instruct")


def test_version_is_twelve_hex_characters_and_follows_the_text(folder):
    (folder / "mine.j2").write_text("one", encoding="utf-8")
    one = PromptLibrary(folder).version("mine")
    (folder / "mine.j2").write_text("two", encoding="utf-8")
    two = PromptLibrary(folder).version("mine")
    assert one != two
    assert len(one) == 12
    int(one, 16)


@pytest.mark.parametrize("name", ["qaa", "../secret", "/etc/passwd", "", "a//b", "qa.j2"])
def test_an_unknown_name_is_refused_and_stays_inside_the_folders(folder, name):
    (folder.parent / "secret.j2").write_text("secret", encoding="utf-8")
    with pytest.raises(UnknownNameError) as caught:
        PromptLibrary(folder).render(name)
    assert caught.value.stable_code == "unknown_prompt"


def test_an_unknown_name_names_near_matches():
    with pytest.raises(UnknownNameError) as caught:
        PromptLibrary().version("instruckt")
    assert "instruct" in caught.value.near


def test_a_syntax_error_names_file_and_line(folder):
    (folder / "qa.j2").write_text("fine\n{% if x %}\nno end", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        PromptLibrary(folder).render("qa")
    assert caught.value.place == {"file": str(folder / "qa.j2"), "row": 3}


def test_a_missing_variable_names_file_line_and_variable(folder):
    (folder / "qa.j2").write_text("fine\n{{ missing_one }}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        PromptLibrary(folder).render("qa")
    assert caught.value.place["row"] == 2
    assert "missing_one" in caught.value.message


@pytest.mark.parametrize("bad", ["{{ ''.__class__.__mro__ }}", "{{ 1 / 0 }}", "{{ text.nothing() }}", "{{ text + 1 }}"])
def test_what_a_template_must_not_do_is_an_error_of_the_template(folder, bad):
    (folder / "qa.j2").write_text(bad, encoding="utf-8")
    with pytest.raises(ConfigError):
        PromptLibrary(folder).render("qa", text="x")


def test_a_template_that_is_not_text_is_an_error(folder):
    (folder / "qa.j2").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError):
        PromptLibrary(folder).render("qa")


def test_more_folders_and_includes_work(tmp_path, folder):
    extra = tmp_path / "extra"
    extra.mkdir()
    (extra / "note.j2").write_text("shared note", encoding="utf-8")
    (folder / "mine.j2").write_text("{% include 'note.j2' %}!", encoding="utf-8")
    library = PromptLibrary(folder, more=(extra,))
    assert library.render("mine") == "shared note!"
    assert {"mine", "note", "qa"} <= set(library.names())


def test_every_package_template_compiles():
    library = PromptLibrary()
    assert {path.stem for path in PACKAGE_PROMPTS.glob("*.j2")} == set(library.names())
    assert all(len(library.version(name)) == 12 for name in library.names())


def test_a_template_is_read_and_compiled_once(monkeypatch):
    library = PromptLibrary()
    first = library.render("qa", part="task", **VALUES)

    def again(*_, **__):
        pytest.fail("read or compiled again")

    for owner, name in ((Path, "read_bytes"), (FileSystemLoader, "get_source"), (Environment, "compile")):
        monkeypatch.setattr(owner, name, again)
    assert library.render("qa", part="task", **VALUES) == first
