import asyncio
import json
import re

import pytest

from seedbed.core.errors import ServerError
from seedbed.core.records import ChatReply, Topic
from seedbed.recipes.aspects import EXAMPLES, aspects_schema, clean_aspects, propose_aspects
from seedbed.recipes.prompting import PromptLibrary

TOPIC = Topic("history/roman-republic", "Rome 509 to 27 BC")


def propose(text, *, finish="stop", asked=None, **options):
    async def generate(messages, **given):
        if isinstance(text, Exception):
            raise text
        if asked is not None:
            asked.append((messages, given))
        return ChatReply(text, finish=finish)

    return asyncio.run(propose_aspects(TOPIC, generate, PromptLibrary(), **options))


def test_aspects_come_in_the_models_order_and_not_more_than_asked_for():
    assert propose(json.dumps({"aspects": ["the consuls", "the Senate", "Punic Wars"]}), n=2) == [
        "the consuls",
        "the Senate",
    ]


def test_the_topic_its_description_and_what_is_known_are_told():
    asked = []
    propose('{"aspects": []}', asked=asked, known=["the consuls"], sample=3)
    messages, given = asked[0]
    for shown in ("history > roman republic", "Rome 509 to 27 BC", "the consuls"):
        assert shown in messages[-1].content
    assert given["sample"] == 3
    assert given["schema"] == aspects_schema(8)


def test_the_schema_takes_short_phrases_only():
    item = aspects_schema(8)["properties"]["aspects"]["items"]
    assert re.fullmatch(item["pattern"], "the Punic Wars")
    assert not re.fullmatch(item["pattern"], "First: the wars.")
    assert aspects_schema(1)["properties"]["aspects"]["minItems"] == 1


@pytest.mark.parametrize(
    ("item", "cleaned"),
    [
        ("1. The Senate", ["The Senate"]),
        ("- **the consuls**", ["the consuls"]),
        ("(2) tribunes.", ["tribunes"]),
        ('  "Punic\nWars" ', ["Punic Wars"]),
        ("Roman Republic", []),
        ("history/roman-republic", []),
        ("", []),
        ("...", []),
        ("12", []),
        ("x" * 61, []),
        ("one two three four five six seven eight nine", []),
        (None, []),
        ({"name": "x"}, []),
        ("\ud800\x00", []),
    ],
)
def test_items_are_cleaned(item, cleaned):
    assert clean_aspects([item], topic=TOPIC) == cleaned


def test_repeats_known_ones_and_the_prompts_examples_are_dropped():
    copied = EXAMPLES[0][1]["aspects"][0]
    items = ["The Senate", "the senate", "senates", copied, "the consuls"]
    assert clean_aspects(items, topic=TOPIC, known=["Consuls"]) == ["The Senate"]


@pytest.mark.parametrize("text", ["", "{", '{"aspects": "none"}', '{"aspects": [1, {}]}', "[[]]", "x" * 500_000])
def test_a_useless_reply_gives_no_aspects(text):
    assert propose(text) == []


def test_a_plain_list_is_read_line_by_line():
    assert propose("1. the consuls\n2. the Senate\n") == ["the consuls", "the Senate"]


def test_errors_of_the_endpoint_go_through():
    with pytest.raises(ServerError):
        propose(ServerError("down"))
