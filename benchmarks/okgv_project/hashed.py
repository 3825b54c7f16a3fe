"""An okgv project for ``against_okgv.py``: question/answer rows, and an embedding that needs no model.

Runs in the Python that has okgv, which looks for a schema and for embedding backends in the project's own module.
"""

import math
import os
import time
import zlib

from okgv.embedding import register_backend
from okgv.protocols import PropertyDefinition
from okgv.validators import NotEmpty, OneOf

DIM = 128
GRAM = 4


def encode(texts):
    """Unit vectors of hashed letter n-grams."""
    out = []
    for text in texts:
        counts = [0.0] * DIM
        data = text.lower().encode()
        for i in range(max(1, len(data) - GRAM + 1)):
            counts[zlib.crc32(data[i : i + GRAM]) % DIM] += 1.0
        length = math.sqrt(sum(c * c for c in counts)) or 1.0
        out.append([c / length for c in counts])
    return out


def load(_model):
    """The embedding, after as many seconds as a model is to take."""
    time.sleep(float(os.environ.get("LOAD_S", "0")))
    return encode


register_backend("hashed", load)

QUESTION, ANSWER = NotEmpty("question"), NotEmpty("answer")
DIFFICULTY = OneOf("difficulty", {"easy", "medium", "hard"})


class Entry:
    """A row that passed okgv's validators."""

    def __init__(self, raw):
        self.question = QUESTION.validate(raw["question"])
        self.answer = ANSWER.validate(raw["answer"])
        self.difficulty = DIFFICULTY.validate(raw["difficulty"])


class Schema:
    """As okgv's own template for questions and answers has it."""

    entry_class = Entry
    validators = (QUESTION, ANSWER, DIFFICULTY)
    balance_fields = ("difficulty",)

    @staticmethod
    def metadata(entry):
        """What both of its tables hold."""
        return {"difficulty": entry.difficulty}

    @staticmethod
    def graph_properties(entry):
        """What each of its tables holds besides."""
        return {"question": entry.question, "answer": entry.answer}

    vector_properties = graph_properties

    @staticmethod
    def embedding_text(entry):
        """What is compared."""
        return entry.question

    @staticmethod
    def vector_property_definitions():
        """Types of all properties."""
        return [PropertyDefinition(name=name, data_type="text") for name in ("difficulty", "question", "answer")]
