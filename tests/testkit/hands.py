"""Writers in processes of their own, each with a dataset open, told over a pipe what to do and when."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from pathlib import Path
from random import Random
from typing import Any

from seedbed.core.errors import SeedbedError
from seedbed.providers.fake_text import Writer
from seedbed.similarity.wordpiece import read_vocabulary
from testkit.bounds import PATIENCE_S

SOON_S = 0.02
"""From now until all hands act at once."""


class Refused(Exception):
    """What another process was told instead of a result: the error as JSON."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(json.dumps(error))
        self.code = error.get("error")
        self.error = error


class Hand:
    """One process."""

    def __init__(self) -> None:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "testkit.hands"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ
        )

    def tell(self, verb: str, *arguments: Any, at: float = 0.0, **options: Any) -> None:
        """Have a method of the dataset called, at a time where given; ``hear`` says what came of it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([verb, arguments, options, at]).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        """The result of what was told first and not heard of yet; raises ``Refused``."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process is gone"
        result, error = json.loads(line)
        if error is not None:
            raise Refused(error)
        return result

    def ask(self, verb: str, *arguments: Any, **options: Any) -> Any:
        """Tell and hear."""
        self.tell(verb, *arguments, **options)
        return self.hear()

    def each(self, verb: str, many: Iterable[tuple[Sequence[Any], dict[str, Any]]], at: float = 0.0) -> None:
        """Have a method called several times in a row; ``hear`` gives the list of results."""
        self.tell("each", verb, [[list(a), o] for a, o in many], at=at)

    def end(self) -> None:
        """Let the process end."""
        self.process.communicate(timeout=PATIENCE_S)


def at_once(hands: Sequence[Hand], verb: str, arguments: Sequence[Sequence[Any]], **options: Any) -> list[Any]:
    """Results of one call a hand, all made at the same moment, in the order of the hands."""
    start = time.time() + SOON_S
    for hand, own in zip(hands, arguments, strict=True):
        hand.tell(verb, *own, at=start, **options)
    return [hand.hear() for hand in hands]


def unlike(n: int, seed: int, **fields: Any) -> list[dict[str, Any]]:
    """Question/answer rows that nobody holds to be alike: two rare words are in every question."""
    random = Random(seed)
    words = [w for w in read_vocabulary() if w.isascii() and w.isalpha() and 5 <= len(w) <= 10]
    writer = Writer(random, "")
    out = []
    for _ in range(n):
        writer.keywords = [" ".join(random.choices(words, k=2)) for _ in range(2)]
        out.append({"question": writer.question(), "answer": writer.paragraph(1), **fields})
    return out


class _Hand:
    """The other end of the pipe.

    Besides the methods of its dataset it knows ``open``; ``each``, for many calls of one; ``skip``, after which its
    clock is so many seconds later; ``begin``, for the first of a method's results, and ``rest`` for the others.
    """

    def __init__(self) -> None:
        self.dataset: Any = None
        self.skipped = 0.0
        self.left: Iterator[Any] = iter(())

    def open(self, folder: str) -> None:
        import seedbed

        if self.dataset is not None:
            self.dataset.close()
        self.skipped = 0.0
        self.dataset = seedbed.open(Path(folder), clock=lambda: time.time() + self.skipped)

    def skip(self, seconds: float) -> None:
        self.skipped += seconds

    def begin(self, verb: str, *arguments: Any) -> list[Any]:
        self.left = getattr(self.dataset, verb)(*arguments)
        return [next(self.left)]

    def rest(self) -> list[Any]:
        return list(self.left)

    def act(self, verb: str, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        if verb == "each":
            return [self.act(arguments[0], *call) for call in arguments[1]]
        whose = self if verb in ("open", "skip", "begin", "rest") else self.dataset
        found = reduce(getattr, verb.split("."), whose)(*arguments, **options)
        return found if isinstance(found, dict | str) or not isinstance(found, Iterable) else list(found)


def _plain(value: Any) -> Any:
    """JSON of whatever methods return."""
    from seedbed.engine.decisions import Decision
    from seedbed.frontends.cli.submitting import row_result

    if isinstance(value, Decision):
        return row_result(value)
    return value.to_dict() if hasattr(value, "to_dict") else dataclasses.asdict(value)


def serve() -> None:
    """Do what standard input says, line by line."""
    hand = _Hand()
    for line in sys.stdin.buffer:
        verb, arguments, options, at = json.loads(line)
        time.sleep(max(0.0, at - time.time()))
        try:
            answer = [hand.act(verb, arguments, options), None]
        except SeedbedError as error:
            answer = [None, error.to_dict()]
        sys.stdout.write(json.dumps(answer, default=_plain) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
