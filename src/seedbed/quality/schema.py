"""The first check: is it of its kind at all?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from seedbed.core.config import Strict
from seedbed.core.records import Candidate, Content, Outcome, Verdict
from seedbed.kinds.rules import fold
from seedbed.quality.passages import printable

if TYPE_CHECKING:
    from seedbed.core.protocols import CheckContext
    from seedbed.kinds.kind import Kind
    from seedbed.kinds.rules import TopicRules


class SchemaOptions(Strict):
    """The kind says it all."""


class SchemaCheck:
    """Fails what could not be read, or does not have the fields its kind and topic want.

    Args:
        options: none so far.
        kind: the schema.
    """

    name: ClassVar[str] = "schema"
    version: ClassVar[str] = "1"
    order: ClassVar[int] = 0
    Options: ClassVar[type[Strict]] = SchemaOptions

    def __init__(self, options: Any, kind: Kind) -> None:
        self.options = options
        self.kind = kind

    def validate(self, candidate: Candidate, rules: TopicRules | None = None) -> tuple[Verdict, Content | None]:
        """The verdict, and the validated content where it passed.

        Fails with the candidate's own problem code, or with ``wrong_schema`` and all problems as evidence.

        Args:
            candidate: what came.
            rules: what its topic allows (``fold`` of its path).
        """
        if candidate.problem is not None:
            code, sentence = candidate.problem
            return self._fail(code, printable(sentence, 300), {}), None
        content, problems = self.kind.read(candidate.raw, rules)
        if content is None:
            reason = "; ".join(p.message for p in problems[:3])
            more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
            evidence = {"problems": [p.to_dict() for p in problems]}
            return self._fail("wrong_schema", printable(reason, 400) + more, evidence), None
        return _PASS, content

    def check(self, candidate: Candidate, context: CheckContext) -> Verdict:
        """The verdict under the rules of the context's topic alone; the door passes the whole path to ``validate``."""
        return self.validate(candidate, fold((context.topic,)))[0]

    def _fail(self, code: str, reason: str, evidence: dict[str, Any]) -> Verdict:
        return Verdict(self.name, self.version, Outcome.FAIL, reason=reason, code=code, evidence=evidence)


_PASS = Verdict(SchemaCheck.name, SchemaCheck.version, Outcome.PASS)
