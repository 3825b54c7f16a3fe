"""What recipes share: a job as words for a prompt, worked examples as turns, a reply as candidates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from seedbed.core.config import Strict
from seedbed.core.errors import ReplyError
from seedbed.core.records import Candidate, Message, Origin
from seedbed.core.replies import parse_json_reply
from seedbed.recipes.coordinates import form_named

if TYPE_CHECKING:
    from seedbed.core.protocols import Prompts, Recipe
    from seedbed.core.records import ChatReply, Content, Feedback, Job

MOST_RAW_CHARS = 20_000
MOST_SAMPLES = 64
REVIEWED = "reviewed"
"""Template of the line that says what reviewers rejected entries for."""

COPIED_WORDS = 6
"""Words in a row that no honest pair shares with a worked example."""

_KNOWN = ("aspect", "form", "persona")
_WORDS = re.compile(r"\w+")

Problem = tuple[str, str]


class WriterOptions(Strict):
    """Options of recipes that write text."""

    temperature: float | None = Field(None, ge=0, le=2, description="default 0.8, for a small model 0.4")
    max_tokens: int | None = Field(None, ge=16, description="most tokens of one reply; default by number asked for")
    small_model: bool = Field(False, description="ask for less, and hold the reply's shape by grammar (under 1.3 B)")

    @property
    def heat(self) -> float:
        """Sampling temperature."""
        return self.temperature if self.temperature is not None else 0.4 if self.small_model else 0.8

    def room(self, n: int) -> int:
        """Most tokens of a reply that holds ``n`` items; roomy, because hidden reasoning counts as well."""
        return self.max_tokens or (320 if self.small_model else 1500 + 500 * (n - 1))


def prompt_values(job: Job, recipe: str) -> dict[str, Any]:
    """What every template may use: topic, description, aspect, form, openings, persona, wishes, feedback, reviewed.

    Coordinates that have no place of their own and the cell's balance-field values are ``wishes``. Feedback is shown
    under evidence steering only: measured, models copy what they are shown.
    """
    coordinates = job.coordinates
    name = coordinates.get("form", "")
    form = form_named(recipe, name)
    others = {k: v for k, v in coordinates.items() if k not in _KNOWN and v}
    return {
        "topic": topic_words(job.topic.path),
        "description": job.topic.description,
        "aspect": coordinates.get("aspect", ""),
        "form": form.instruction if form else name,
        "openings": form.openings if form else (),
        "persona": coordinates.get("persona", ""),
        "wishes": {**others, **job.cell.fields},
        "feedback": [_refusal(f) for f in job.feedback] if job.strategy == "evidence" else [],
        "reviewed": [code.replace("_", " ") for code in job.reviewed],
    }


def _refusal(feedback: Feedback) -> dict[str, str]:
    return {
        "tried": gist(feedback.candidate),
        "reason": feedback.reason,
        "taken": gist(feedback.neighbour) if feedback.neighbour else "",
    }


def topic_words(path: str) -> str:
    """A topic's path as words: ``history/roman-republic`` → ``history > roman republic``."""
    return re.sub(r"[-_]+", " ", " > ".join(path.split("/")))


def gist(content: Content) -> str:
    """The first text of an entry, on one line and at most 300 characters: its question or instruction."""
    first = next((v for v in content.values() if isinstance(v, str) and v.strip()), "")
    return " ".join(first.split())[:300]


def conversation(
    prompts: Prompts,
    name: str,
    values: Mapping[str, Any],
    examples: Sequence[tuple[Mapping[str, Any], Content]] = (),
) -> list[Message]:
    """System turn, worked examples as turns of their own, and the task, with what reviewers rejected at its end.

    That line is a template of its own, so that the version of a prompt does not change with it; prompts with worked
    examples go without, because small models copy what they are shown.

    Args:
        prompts: templates.
        name: the template; it renders the parts ``system`` and ``task``.
        values: of the task.
        examples: pairs of values that differ from the task's, and the reply to them.
    """
    messages = [Message("system", prompts.render(name, part="system", **values))]
    for given, reply in examples:
        messages.append(Message("user", prompts.render(name, part="task", **{**values, **given})))
        messages.append(Message("assistant", json.dumps(reply, ensure_ascii=False)))
    task = prompts.render(name, part="task", **values)
    if values.get("reviewed") and not examples:
        task = f"{task}\n\n{prompts.render(REVIEWED, **values)}".rstrip()
    return [*messages, Message("user", task)]


def sample_of(job: Job, index: int, n: int) -> int:
    """Number of a call among the calls of one job: each attempt asks anew."""
    return (job.attempt * n + index) % MOST_SAMPLES


def object_schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A closed object with all of ``properties`` required, in their order."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def read_items(reply: ChatReply, *, fields: Sequence[str], key: str, n: int) -> list[dict[str, Any]]:
    """At most ``n`` objects out of a reply: a bare one, a list, or a list under ``key``. Each has ``fields`` only.

    Raises:
        ReplyError: nothing can be read; the code says how.
    """
    value = parse_json_reply(reply.text, finish=reply.finish)
    if isinstance(value, dict) and key in value:
        value = value[key]
    rows = value if isinstance(value, list) else [value]
    found = [{f: row[f] for f in fields if f in row} for row in rows[:n] if isinstance(row, dict)]
    found = [row for row in found if row]
    if not found:
        raise ReplyError(f"the reply holds no object with {' and '.join(fields)}", code="reply_wrong_schema")
    return found


def item_problem(item: Mapping[str, Any], *, texts: Sequence[str], examples: Sequence[Content] = ()) -> Problem | None:
    """What is wrong with an item as a reply, before the door looks at it as content."""
    for field in texts:
        value = item.get(field)
        if not isinstance(value, str) or not value.strip():
            said = "is missing" if field not in item else "is not a text" if not isinstance(value, str) else "is blank"
            return "reply_wrong_schema", f"{field} {said}"
    runs = set().union(*(_runs(str(v)) for e in examples for v in e.values())) if examples else set()
    for field in texts:
        if runs & _runs(item[field]):
            return "example_copied", f"{field} repeats the worked example of the prompt"
    return None


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORDS.findall(text.lower())
    return {tuple(words[i : i + COPIED_WORDS]) for i in range(len(words) - COPIED_WORDS + 1)}


class Maker:
    """Turns what a model replied into candidates of one job.

    Args:
        recipe: who asks.
        job: what for.
        prompts: for the version of the template.
        prompt: name of the template.
    """

    def __init__(self, recipe: Recipe, job: Job, prompts: Prompts, prompt: str) -> None:
        self._recipe, self._job = recipe, job
        self._prompt, self._version = prompt, prompts.version(prompt)

    def candidate(
        self, raw: Any, *, model: str = "", problem: Problem | None = None, meta: Mapping[str, Any] | None = None
    ) -> Candidate:
        """One candidate; an object gets the cell's balance-field values, an unreadable text is cut short."""
        job, seed = self._job, self._job.seed
        if isinstance(raw, dict):
            raw = {**raw, **job.cell.fields}
        elif isinstance(raw, str):
            raw = raw[:MOST_RAW_CHARS]
        about: dict[str, Any] = {}
        if seed is not None:
            about = {"chunk_id": seed.uid, "source": seed.source, "headings": list(seed.headings)}
        if job.coordinates:
            about["coordinates"] = dict(job.coordinates)
        origin = Origin(
            via="generate",
            recipe=self._recipe.name,
            recipe_version=self._recipe.version,
            prompt=self._prompt,
            prompt_version=self._version,
            model=model,
            strategy=job.strategy,
        )
        return Candidate(
            job.topic.path, self._recipe.kind, raw, origin, seed=seed, meta={**about, **(meta or {})}, problem=problem
        )

    def unreadable(self, reply: ChatReply, error: ReplyError) -> Candidate:
        """The candidate for a reply that cannot be read."""
        return self.candidate(reply.text, model=reply.model, problem=(error.stable_code, error.message))
