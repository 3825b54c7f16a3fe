"""Each rule finds what it is for, and lets good entries pass: the second half matters more."""

import pytest

from seedbed.quality import artefacts
from seedbed.quality.passages import Passage


def question(text: str) -> Passage:
    return Passage("question", text, "prompt")


def answer(text: str) -> Passage:
    return Passage("answer", text, "answer")


@pytest.mark.parametrize(
    "text", ["a\x00b", "\x1b[31mred", "bell\x07", "x\u202etxt", "half \ud83d", "broken \ufffd", "\x85"]
)
def test_control_characters_are_found(text):
    assert artefacts.control_characters(answer(text))


@pytest.mark.parametrize(
    "text", ["tab\tand\r\nline", "emoji 😀 and 👩‍👩‍👧", "naïve café", "עברית", "a\u200db", "\u2028"]
)
def test_ordinary_unicode_passes(text):
    assert artefacts.control_characters(answer(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "...", "…", "TODO", "TODO: write this", "[TODO]", "tbd", "<answer>", "[Insert your answer here]", "string",
        "Your answer here", "The answer goes here.", "Lorem ipsum dolor sit amet.", "<insert answer>", "N/A",
        "{answer}", "The capital is [insert the city].", "sample text", "___",
    ],
)  # fmt: skip
def test_placeholders_are_found(text):
    assert artefacts.placeholder(answer(text))


@pytest.mark.parametrize(
    "text",
    [
        "Paris.", "None", "null", "42", "-", "??", "Todo lists help you plan your day.", "Use `<answer>` as the tag.",
        "Press [Enter] to go on.", "Dear [Your Name], thank you.", "A list is written as [1, 2].", "Insert the disk.",
        "A string.", "The <input> element takes a name.", "It returns a string", "Wait... then try again.",
        "Write {{ name }} in the template.", "Call insert() with your key.", "git checkout <branch>",
    ],
)  # fmt: skip
def test_answers_that_only_look_like_placeholders_pass(text):
    assert artefacts.placeholder(answer(text)) is None


def test_a_question_about_placeholder_text_passes():
    assert artefacts.placeholder(question("Where does 'Lorem ipsum dolor sit amet' come from?")) is None


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that request.",
        "I’m sorry, but I cannot provide that.",
        "I cannot answer this question.",
        "Unfortunately, I am unable to help with this.",
        "As an AI language model, I don't have opinions.",
        "Well, as an AI, I have no body.",
        "I am an AI assistant and cannot eat.",
        "I don't have enough information to say.",
        "The provided text does not mention the year.",
        "Sorry, I can't help.",
        "My training data ends in 2021.",
        "The passage doesn't specify a date.",
    ],
)
def test_refusals_are_found(text):
    assert artefacts.refusal(answer(text))


@pytest.mark.parametrize(
    "text",
    [
        "It serves as an AI language model for chat.",
        "As an AI researcher she published forty papers.",
        "He said that he could not help.",
        "I cannot recommend a boat without knowing the river.",
        "The compiler cannot provide a default here.",
        "A set does not contain duplicates.",
        "If the document does not contain the key, null is returned.",
        "You cannot answer a call while recording.",
        "Say: we are sorry for the delay.",
        "An artificial satellite orbits the Earth.",
        "My car is parked outside.",
    ],
)
def test_answers_that_only_speak_of_refusing_pass(text):
    assert artefacts.refusal(answer(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "What is h5py?<|im_end|>",
        "[INST] What is h5py?",
        "Question: What is h5py?",
        "**Question 1:** What is h5py?",
        "Q: What is h5py?\nA: A library.",
        "Here is a question about files: what is h5py?",
        "Sure! Here are three question-answer pairs:",
        '{"question": "What is h5py?", "answer": "A library"}',
        "Generate a question about h5py.",
        "Return a JSON object with the keys question and answer.",
        "### Instruction:\nWhat is h5py?",
        "<think>They want a question.</think> What is h5py?",
    ],
)
def test_pieces_of_the_prompt_are_found(text):
    assert artefacts.prompt_leak(question(text))


@pytest.mark.parametrize(
    "text",
    [
        "How do you parse JSON in Python?",
        "What does f <| x mean in F#, and what does x |> f mean?",
        "Which question did Turing ask in 1950?",
        "Why: what is the reason for chunking?",
        "How do I write a question mark in LaTeX?",
        "What does the tag <s> do in HTML?",
        "What follows in this list: 1, 2, 4?",
        "Which HTTP header asks for JSON?",
        "Here and there: what is the difference?",
        "What does `<|im_start|>` mark in a chat template?",
    ],
)
def test_questions_near_those_pieces_pass(text):
    assert artefacts.prompt_leak(question(text)) is None


def test_an_answer_may_begin_with_here_is():
    assert artefacts.prompt_leak(answer("Here is how: open the file, then read it.")) is None
    assert artefacts.prompt_leak(answer("Here is the answer to your question.")) is not None


@pytest.mark.parametrize(
    "text",
    [
        "According to the passage, what is a chunk?",
        "What does the author say about filters?",
        "What is described in the text?".replace("is described", "do they say is mentioned"),
        "What does the code above print?",
        "In this section, which functions are named?",
        "Based on the given context, what is SWMR?",
        "What does the following code print?",
        "What is mentioned in the article about rivers?",
        "Why is chunking used in the provided example?",
    ],
)
def test_questions_that_need_another_text_are_found(text):
    assert artefacts.context_dependent(question(text))


@pytest.mark.parametrize(
    "text",
    [
        "How do you close the document in Word?",
        "What is the text of the first amendment?",
        "How is text stored in the file?",
        "What does the following code print? `print(1)`",
        "What does the following code print:\nprint(1)",
        "Which planets lie above the ecliptic?",
        "Who was the author of Hamlet?",
        "How do I select all text in the editor?",
        "What is a context manager in Python?",
        "What does section 230 of the act say?",
    ],
)
def test_questions_complete_in_themselves_pass(text):
    assert artefacts.context_dependent(question(text)) is None


def test_only_questions_must_stand_alone():
    assert artefacts.context_dependent(answer("According to the text, it is 3.")) is None


@pytest.mark.parametrize(
    "text",
    [
        "The dataset is stored in the file.",
        "Chunking of a dataset that is stored on the disk.",
        "This section covers the use of filters.",
    ],
)
def test_statements_are_not_questions(text):
    assert artefacts.not_a_question(question(text))


@pytest.mark.parametrize(
    "text",
    [
        "What is h5py?",
        "Explain how the cache of the disk is used.",
        "2+2=",
        "The capital of France is ___.",
        "A train is late by the hour. Find the delay.",
        "In the table of users, count the rows.",
        "If the side of a square is 3, compute the area.",
        "Was ist die Hauptstadt von Frankreich?",
        "法国的首都是哪里？",
        "Nenne die Hauptstadt von Frankreich.",
        "Simplify the fraction.",
        "The word of the day; define it.",
    ],
)
def test_what_asks_or_tells_is_a_question(text):
    assert artefacts.not_a_question(question(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "The file is a file that is a file " * 8,
        "and so on and so on " * 10,
        "It works. " + "This means that the data is stored. " * 7,
        "これはファイルです。" * 8,
        "hahahahaha" * 10,
    ],
)
def test_loops_are_found(text):
    assert artefacts.repetition(answer(text), 4)


@pytest.mark.parametrize(
    "text",
    [
        "First open the file, then read the data, then close the file, and then report what was read to the user.",
        "\n".join(f"{i}. Step number {i} of the plan takes {i} minutes." for i in range(1, 12)),
        "In year 1 it earns 5, in year 2 it earns 10, in year 3 it earns 20, in year 4 it earns 40 and in year 5 80.",
        "for i in range(3):\n    print(i)\n    print(i)\n    print(i)\n    print(i)\n    print(i)\n",
        "-" * 200,
        "1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
        "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 12,
        "https://example.org/" + "a/b/c/" * 3,
    ],
)
def test_texts_that_merely_repeat_words_pass(text):
    assert artefacts.repetition(answer(text), 4) is None


@pytest.mark.parametrize(
    "text",
    [
        "Use this:\n```python\nprint(1)\n",
        "The value is kept in the cache (which is cleared when the file is closed.",
        "The keys are [first, second and the rest of them that follow later on.",
    ],
)
def test_unclosed_fences_and_brackets_are_found(text):
    assert artefacts.unbalanced(answer(text))


@pytest.mark.parametrize(
    "text",
    [
        "Use this:\n```python\nprint((1)\n```\nand it fails.",
        "The half-open interval [0, 1) holds zero, but it does not hold one at all.",
        "1) open the file, 2) read it, 3) close it, and then you are done with it.",
        "I am glad that it works now :( but it took me a very long time to find out.",
        'The character "(" opens a group in a regular expression, whatever comes next.',
        "Use `f(` to begin the call, and the editor will show the names of arguments.",
        "The opening bracket ( is a special character in regular expressions, take care.",
        "\\( x^2 \\) is written in LaTeX with a backslash before the parenthesis there.",
        "int main() {\n  if (x) {\n    f();\n",
        "(see above).",
    ],
)
def test_brackets_that_are_no_mistake_pass(text):
    assert artefacts.unbalanced(answer(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "The dataset is stored on disk and",
        "You can open the file with the",
        "It holds three things: groups, datasets, attributes,",
        "Chunking splits the dataset into pieces of equal size that are stored apart on the disk and found by means of "
        "an index which is kept in memory while the file rema",
        "The file is always opened first (",
    ],
)
def test_cut_off_ends_are_found(text):
    assert artefacts.truncated(answer(text))


@pytest.mark.parametrize(
    "text",
    [
        "Paris",
        "Solve the equation for x and y",
        "It is done.",
        "The answer is 42",
        "Three things matter:\n- speed of the disk\n- size of the chunk\n- number of readers that are open at once",
        "See https://example.org/a-very-long-address/of-a-page",
        'He said: "it is over, and nothing more that anybody could do about it now, so go home to your family now"',
        "def f(a):\n    x = a\n    return x and",
        "This is how it works in the end, as everybody who has tried it once or twice will surely tell you: `x and`",
        "Öffnen Sie die Datei und lesen Sie sie.",
        "这是一个很长的句子没有标点",
    ],
)
def test_complete_ends_pass(text):
    assert artefacts.truncated(answer(text)) is None
