import pytest

from seedbed.similarity.wordpiece import UNKNOWN, WordPiece, read_vocabulary, words

VOCABULARY = read_vocabulary()


@pytest.fixture(scope="module")
def tokenizer():
    return WordPiece(VOCABULARY, unknown=VOCABULARY.index(UNKNOWN))


def tokens(tokenizer, text):
    return [VOCABULARY[i] for i in tokenizer.encode(text)]


def test_the_vocabulary_is_berts_uncased_one():
    assert len(VOCABULARY) == 30522
    assert VOCABULARY[101:104] == ["[CLS]", "[SEP]", "[MASK]"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What's HDF5?", ["what", "'", "s", "hd", "##f", "##5", "?"]),
        ("Unbelievably embeddings", ["un", "##bel", "##ie", "##va", "##bly", "em", "##bed", "##ding", "##s"]),
        ("Café naïve ÅNGSTRÖM", ["cafe", "naive", "ang", "##strom"]),
        ("a_b-c", ["a", "_", "b", "-", "c"]),
        ("中文 text", ["中", "文", "text"]),
        ("one\ttwo\nthree\u00a0four", ["one", "two", "three", "four"]),
        ("za\x00p\x7f\u200d", ["za", "##p"]),
        ("“quoted”", ["“", "quoted", "”"]),
        ("😀", ["[UNK]"]),
        ("x" * 101, ["[UNK]"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_texts_are_split_as_the_original_splits_them(tokenizer, text, expected):
    assert tokens(tokenizer, text) == expected


def test_ascii_text_takes_a_short_cut_to_the_same_words():
    text = "Don't_stop: 3.5% of\x01 [x] {y}~ \x1f\r\n end"
    assert words(text) == [w for w in words(text + " é") if w != "e"]


def test_unknown_words_may_be_left_out():
    assert WordPiece(VOCABULARY).encode("😀") == []


def test_the_cache_of_words_stays_bounded(monkeypatch):
    monkeypatch.setattr("seedbed.similarity.wordpiece._CACHED_WORDS", 10)
    small = WordPiece(VOCABULARY)
    for n in range(100):
        small.encode(f"word{n}")
    assert len(small._words) <= 10
