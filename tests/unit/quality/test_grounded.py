import pytest

from seedbed.core.records import Outcome
from seedbed.kinds.fields import FieldRule
from seedbed.kinds.kind import Kind
from seedbed.kinds.load import load_kind
from seedbed.quality.grounded import GroundedCheck, GroundedOptions, stem
from testkit.judging import candidate, context

CHUNK = """A dataset is laid out contiguously on disk by default. With chunked storage it is divided into regularly
sized pieces, which are stored anywhere in the file and indexed with a B-tree. This makes it possible to
resize the dataset and to use compression filters. Set the keyword chunks to a tuple, for example
chunks=(100, 100). Chunks between 10 KiB and 1 MiB are advised, larger for larger datasets. Calling
create_dataset with chunks=True lets h5py guess a shape. The layout cannot be changed later. On platforms
with 32 bits, len(dataset) fails beyond 4,294,967,296 rows."""
QA = load_kind("qa")


def verdict(
    answer: str, *, question: str = "What is chunked storage?", chunk: str | None = CHUNK, cosine=None, **options
):
    content = {"question": question, "answer": answer}
    similarities = {} if cosine is None else {"answer_seed": cosine}
    check = GroundedCheck(GroundedOptions(**options), QA)
    return check.check(candidate(content, chunk=chunk), context(content, similarities=similarities))


@pytest.mark.parametrize(
    "answer",
    [
        "Storage in which the dataset is divided into pieces of regular size.",
        "It allows resizing of datasets and compression.",
        "The pieces can lie anywhere in the file, because a B-tree indexes them.",
        "Between 10 KiB and 1 MiB, and larger ones for a larger dataset.",
        "By default the layout is contiguous.",
        "Set `chunks` when you call `create_dataset`, e.g. to (100, 100).",
        "No, the layout cannot be changed later.",
        "1. Pieces are indexed.\n2. Datasets can be resized.",
        "On 32-bit platforms, beyond 4294967296 rows.",
        "h5py guesses a chunk shape when chunks is True.",
    ],
)
def test_answers_out_of_the_chunk_pass(answer):
    result = verdict(answer)
    assert result.outcome is Outcome.PASS, result
    assert result.threshold == 0.5


@pytest.mark.parametrize(
    "answer",
    [
        "It groups related information in memory so that learners recall it better.",
        "Blocks are replicated across three servers by the cluster manager.",
        "Use the function make_chunks with the parameter auto_resize=True.",
        "It was introduced in 1998 and is 35 percent faster.",
        "Between 64 KiB and 8 MiB.",
        "GZIP, LZF and SZIP filters are available.",
        "A linked list provided by the operating system allocates memory pages.",
        "Photosynthesis turns light into chemical energy inside plant cells.",
    ],
)
def test_answers_from_elsewhere_fail_and_name_what_is_missing(answer):
    result = verdict(answer)
    assert (result.outcome, result.code) == (Outcome.FAIL, "not_grounded")
    assert result.evidence.get("unsupported") or result.evidence.get("unsupported_facts")
    assert result.reason.startswith("the source does not say: ")


def test_one_wrong_number_outweighs_right_words():
    assert verdict("Chunks between 10 KiB and 1 MiB are advised.").score > 0.9
    wrong = verdict("Chunks between 20 KiB and 5 MiB are advised.")
    assert wrong.score <= 0.5
    assert wrong.evidence["unsupported_facts"] == ["20", "5"]


def test_numbers_of_the_question_may_be_repeated():
    assert verdict("Yes, 77 pieces.", question="Can a dataset have 77 pieces?").passed


def test_the_cosine_shifts_the_score_where_it_is_known():
    answer = "Data is split up into blocks of one size."
    low, high = verdict(answer, cosine=0.0), verdict(answer, cosine=1.0)
    plain = verdict(answer)
    assert low.score < plain.score < high.score
    assert verdict(answer, cosine=1.0, cosine_weight=0).score == plain.score


@pytest.mark.parametrize(
    ("answer", "chunk", "code"),
    [("Anything.", None, "no_seed"), ("Anything.", "  ", "no_seed"), ("Yes.", CHUNK, "nothing_to_check")],
)
def test_what_cannot_be_looked_up_is_unscored(answer, chunk, code):
    result = verdict(answer, chunk=chunk)
    assert (result.outcome, result.code, result.score) == (Outcome.UNSCORED, code, None)


def test_a_kind_without_an_answer_is_unscored():
    kind = Kind("note", {"note": FieldRule(type="string")})
    content = {"note": "x"}
    result = GroundedCheck(GroundedOptions(), kind).check(candidate(content, chunk=CHUNK), context(content))
    assert (result.outcome, result.code) == (Outcome.UNSCORED, "no_answer")


def test_scripts_without_blanks_are_compared_in_pairs():
    chunk = "数据集可以分块存储，这样可以调整大小并使用压缩过滤器。"
    assert verdict("分块存储可以调整大小。", chunk=chunk).passed
    assert not verdict("猫在屋顶上睡觉。", chunk=chunk).passed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("chunks", "chunked"),
        ("resizing", "resize"),
        ("compressed", "compression"),
        ("files", "file"),
        ("stopped", "stop"),
        ("stored", "storing"),
        ("reads", "reader"),
        ("Notifications", "notification"),
    ],
)
def test_forms_of_a_word_share_a_stem(one, other):
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("file", "fill"), ("data", "date"), ("chunk", "check"), ("store", "story")])
def test_different_words_do_not(one, other):
    assert stem(one) != stem(other)
