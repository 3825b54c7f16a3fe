import pytest

from seedbed.sources.features import from_card, labelled

LABEL = {"_type": "ClassLabel", "names": ["neg", "pos"]}


@pytest.mark.parametrize(
    ("value", "feature", "read"),
    [
        (1, LABEL, "pos"),
        (-1, LABEL, None),
        (7, LABEL, 7),
        (True, LABEL, True),
        ("pos", LABEL, "pos"),
        (None, LABEL, None),
        (1, {"_type": "ClassLabel"}, 1),
        ([0, 1], {"_type": "Sequence", "feature": LABEL}, ["neg", "pos"]),
        ([0, 1], [LABEL], ["neg", "pos"]),
        ([[0], [1]], {"_type": "List", "feature": {"_type": "LargeList", "feature": LABEL}}, [["neg"], ["pos"]]),
        ({"a": 0, "b": 0}, {"a": LABEL}, {"a": "neg", "b": 0}),
        ({"a": [0, 1]}, {"_type": "Sequence", "feature": {"a": LABEL}}, {"a": ["neg", "pos"]}),
        ({"bytes": "eA==", "path": "x.png"}, {"_type": "Image"}, "x.png"),
        ("text", {"_type": "Value", "dtype": "string"}, "text"),
        ({"a": 0}, LABEL, {"a": 0}),
        (3, "nonsense", 3),
        (3, [], 3),
    ],
)
def test_labels_get_their_names_wherever_they_stand(value, feature, read):
    assert labelled(value, feature) == read


def test_a_card_s_fields_are_read_as_features():
    fields = [
        {"name": "label", "dtype": {"class_label": {"names": {"1": "pos", "0": "neg"}}}},
        {"name": "tags", "sequence": {"class_label": {"names": {"0": "a"}}}},
        {"name": "turn", "struct": [{"name": "role", "dtype": {"class_label": {"names": ["user"]}}}]},
        {"name": "text", "dtype": "string"},
        {"name": "picture", "dtype": "image"},
        "nonsense",
    ]
    features = from_card(fields)
    row = {"label": 0, "tags": [0], "turn": {"role": 0}, "text": "x", "picture": {"path": "a.png"}}
    assert {k: labelled(v, features[k]) for k, v in row.items()} == {
        "label": "neg",
        "tags": ["a"],
        "turn": {"role": "user"},
        "text": "x",
        "picture": "a.png",
    }
    assert from_card("nonsense") == {}
    assert labelled(0, from_card([{"name": "x", "dtype": {"class_label": {"names": {"a": "b"}}}}])["x"]) == 0
