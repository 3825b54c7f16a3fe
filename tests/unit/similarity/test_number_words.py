import pytest

from seedbed.similarity.number_words import NumberRun, plain_number


def read(text):
    """Numbers of ``text``, words and digits taken as the slot reader takes them."""
    found = []
    run, before = NumberRun(found.append), ""
    for word in text.split():
        if word[0].isdigit():
            run.digits(word, ordinal=False)
        elif word.endswith(("third", "first")):
            run.ordinal(word)
        elif not run.word(word, after_a=before == "a"):
            run.close()
        before = word
    run.close()
    return found


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("twenty three", ["23"]),
        ("two three", ["2", "3"]),
        ("one hundred and five", ["105"]),
        ("two thousand twenty one", ["2021"]),
        ("three million two hundred thousand", ["3200000"]),
        ("1.5 million", ["1500000"]),
        ("1,200 and 1200.50", ["1200", "1200.5"]),
        ("a hundred", ["100"]),
        ("hundred", []),
        ("which one", ["one"]),
        ("two and three", ["2", "3"]),
        ("twenty first", ["21th"]),
        ("two first", ["2", "1th"]),
        ("99999999999999999999 million", ["99999999999999999999"]),
    ],
)
def test_numbers_have_one_written_form(text, numbers):
    assert read(text) == numbers


def test_needless_signs_and_zeros_go():
    assert [plain_number(n) for n in ("007", "-0.50", "−3", "0", "1,000,000.0")] == ["7", "-0.5", "-3", "0", "1000000"]
