"""From one request — recipe, sources, target — to a finished run: the place where all rooms meet."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from seedbed.core import identity, plugins
from seedbed.core.config import Strict, parse_options
from seedbed.core.errors import InputError
from seedbed.dataset.generation.models import LADDER_KEY, Cast, open_cast
from seedbed.dataset.reports import keep_total, legal_cells, wanted_total
from seedbed.engine.jobs import Jobs, Work, owner_name
from seedbed.engine.plan import Plan
from seedbed.engine.progress import Progress
from seedbed.engine.run import Crew, Runner, RunSummary
from seedbed.engine.steer import STRATEGIES, Bandit
from seedbed.recipes.prompting import PromptLibrary

if TYPE_CHECKING:
    from seedbed.core.protocols import Recipe, RunObserver
    from seedbed.core.records import Topic
    from seedbed.dataset.handle import Dataset


HISTORY = ("actor", "session", "reason")
"""Options that say nothing about what is made."""


class GenerateOptions(Strict):
    """What ``generate`` can be told; flags of the command line have the same names."""

    target: int | None = Field(None, ge=1, description="accepted entries wanted in all (under topic, if given)")
    add: int | None = Field(None, ge=1, description="accepted entries wanted on top of what is there")
    n_pairs: int | None = Field(None, ge=1, description="accepted entries wanted of each chunk")
    topic: str | None = Field(None, description="only this topic and below")
    topics: Any = Field(None, description="topic tree to load first: a file or a nested mapping")
    topic_filter: str | None = Field(None, description="only entries a judge finds to be about this")
    provider: str | None = Field(None, description="provider of the writer")
    model: str | None = Field(None, description="model of the writer, with or without provider")
    roles: dict[str, str] = Field(default_factory=dict, description="role → provider:model")
    judge: bool = Field(False, description="score every entry that passes the other checks")
    threshold: float | None = Field(None, ge=0, le=10, description="least judge score; implies judge")
    strategy: Literal["auto", "naive", "coverage", "evidence"] = Field("auto", description="how jobs are steered")
    max_cost: float | None = Field(None, gt=0, description="most money to spend, USD")
    max_tokens: int | None = Field(None, ge=1, description="most tokens to spend in all")
    max_calls: int | None = Field(None, ge=1, description="most calls of models")
    reply_tokens: int | None = Field(None, ge=1, description="most tokens of one reply")
    temperature: float | None = Field(None, ge=0, le=2)
    concurrency: int | None = Field(None, ge=1, description="most calls at once")
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)
    timeout_s: float | None = Field(None, gt=0, description="deadline of a call")
    max_attempts: int = Field(8, ge=1, description="attempts per wanted entry before a cell is given up")
    strict_balance: bool = Field(False, description="do not ask other cells for what one cannot give")
    max_chunks: int | None = Field(None, ge=1, description="most chunks read, spread over the documents")
    chunk_size: int | None = Field(None, ge=100, description="characters of a chunk")
    chunk_overlap: int | None = Field(None, ge=0, description="characters that neighbouring chunks share")
    tables: list[str] = Field(default_factory=list, description="LanceDB tables")
    text_column: str | None = Field(None, description="column of a table that holds the text")
    text_field: str | None = Field(None, description="column of a file's rows that holds the text")
    cache: Literal["read", "refresh", "off"] = "read"
    seed: int = Field(0, description="of all random choices")
    actor: str = Field("engine", description="who runs it, for the history")
    session: str | None = Field(None, description="sitting it belongs to, for the history")
    reason: str | None = Field(None, description="why, for the history")
    checks: dict[str, dict[str, Any] | bool] = Field(default_factory=dict, description="check → options for this run")

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> GenerateOptions:
        """Options from keyword arguments; raises ``ConfigError`` with near matches for an unknown one."""
        chosen = parse_options(cls, dict(options))
        wanted = [name for name in ("target", "add", "n_pairs") if getattr(chosen, name) is not None]
        if len(wanted) > 1:
            raise InputError(
                f"{' and '.join(wanted)} exclude one another", fix="give one of target, add and n_pairs", code="usage"
            )
        return chosen


async def run_generation(
    dataset: Dataset,
    recipe_name: str,
    sources: Sequence[str],
    options: GenerateOptions,
    *,
    observers: Sequence[RunObserver] = (),
    handle_signals: bool = False,
) -> RunSummary:
    """Run a recipe on a dataset until its target; see ``Dataset.agenerate``."""
    recipe: Recipe = plugins.load("recipes", recipe_name)()
    progress = Progress(observers=observers)
    _prepare_tree(dataset, options)
    if recipe.needs_seeds:
        _read_sources(dataset, sources, options, progress)
    elif sources:
        raise InputError(
            f"recipe {recipe_name!r} works from the topic tree, not from sources",
            fix="leave the sources out, or use a recipe that reads them",
            code="usage",
        )
    gate = _gate(dataset, recipe.kind, options)
    roles = {"writer", *({"judge"} if gate.judges else ())}
    cast = open_cast(dataset, options, roles, progress)
    try:
        run_id, event_id, goal = _start(dataset, recipe, options, cast)
        plan = _plan(dataset, recipe, goal, options)
        progress.target, progress.start = plan.target, sum(c.accepted for c in plan.cells)
        with dataset.gates(recipe.kind, gate):
            return await _run(dataset, recipe, options, (run_id, event_id, plan, cast, progress), handle_signals)
    finally:
        await cast.aclose()


async def _run(
    dataset: Dataset,
    recipe: Recipe,
    options: GenerateOptions,
    parts: tuple[int, int, Plan, Cast, Progress],
    handle_signals: bool,
) -> RunSummary:
    run_id, event_id, plan, cast, progress = parts
    prompts = PromptLibrary(dataset.project.prompts)
    work = Work(
        run_id=run_id,
        event_id=event_id,
        recipe=recipe.name,
        kind=recipe.kind,
        model=cast.writer,
        owner=owner_name(socket.gethostname(), os.getpid(), secrets.token_hex(4)),
        per_seed=options.n_pairs,
        needs_seeds=recipe.needs_seeds,
        axes=_axes(recipe),
        seed=options.seed,
    )
    allowed = STRATEGIES if options.strategy == "auto" else (options.strategy,)
    jobs = Jobs(dataset.file, work, plan, Bandit(allowed))
    crew = Crew(
        recipe=recipe,
        options=_recipe_options(recipe, options, cast.writer),
        prompts=prompts,
        generate_for=lambda job: cast.generate_for(job, recipe),
        workers=cast.workers,
        model=cast.writer,
    )
    runner = Runner(jobs, dataset.intake(), crew, progress)
    cast.attach(runner.writer)
    if not recipe.needs_seeds:
        runner.more_aspects = _Aspects(dataset, jobs, runner, cast, recipe, prompts).more
    progress.emit("run", {"run": run_id, "recipe": recipe.name, "model": cast.writer, **progress.snapshot()})
    with _signals(runner) if handle_signals else contextlib.nullcontext():
        summary = await runner.run()
    with dataset.file.write():
        dataset.file.meta.set(LADDER_KEY, cast.learned())
    progress.emit("finished", summary.to_dict())
    return summary


class _Aspects:
    """Asks the writer what a topic has that was not yet asked about, when its aspects are used up."""

    def __init__(
        self, dataset: Dataset, jobs: Jobs, runner: Runner, cast: Cast, recipe: Recipe, prompts: PromptLibrary
    ) -> None:
        self._dataset, self._jobs, self._runner = dataset, jobs, runner
        self._cast, self._recipe, self._prompts = cast, recipe, prompts
        self._asked: dict[str, int] = {}

    async def more(self, topic_path: str) -> None:
        """Add the user's aspects first, then at most three rounds of the model's."""
        from seedbed.recipes.aspects import propose_aspects

        topic = self._dataset.file.topics.get(topic_path)
        given = [str(a) for a in topic.meta.get("aspects") or []]
        turn = self._asked[topic_path] = self._asked.get(topic_path, 0) + 1
        if turn == 1 and given:
            await self._runner.writer.run(lambda: self._jobs.add_aspects(topic_path, given, source="user"))
            return
        if turn > 3:
            return
        generate = self._cast.generate_aside(self._recipe, self._jobs.work.run_id, turn)
        known = [c.text for c in self._dataset.file.steering.coordinates(topic_path, "aspect")]
        texts = await propose_aspects(topic, generate, self._prompts, n=8, known=known)
        await self._runner.writer.run(lambda: self._jobs.add_aspects(topic_path, texts, source="planner"))


@contextmanager
def _signals(runner: Runner) -> Iterator[None]:
    """First Ctrl-C: finish the jobs in progress. Second: give them up."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    pressed = 0

    def interrupt() -> None:
        nonlocal pressed
        pressed += 1
        if pressed == 1:
            runner.stop("interrupted")
        elif task is not None:
            task.cancel()

    try:
        loop.add_signal_handler(signal.SIGINT, interrupt)
        loop.add_signal_handler(signal.SIGTERM, interrupt)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)


# -- preparing -------------------------------------------------------------------------------------------------


def _recipe_options(recipe: Recipe, options: GenerateOptions, writer: str) -> Any:
    from seedbed.recipes.small import is_small_model

    given = {"temperature": options.temperature, "max_tokens": options.reply_tokens}
    if "small_model" in recipe.Options.model_fields:
        given["small_model"] = is_small_model(writer)
    return parse_options(recipe.Options, {k: v for k, v in given.items() if v is not None})


def _prepare_tree(dataset: Dataset, options: GenerateOptions) -> None:
    """Load the tree that was asked for, or into an empty dataset the one that ``seedbed.yaml`` names."""
    tree, folder = options.topics, Path()
    if tree is None and not dataset.file.topics.all():
        tree, folder = dataset.project.config.topics, dataset.project.folder
    if isinstance(tree, str):
        from seedbed.store.tree import read_tree

        tree = read_tree(folder / tree)
    if tree is not None:
        dataset.load_topics(tree, actor=options.actor)
    if options.topic is not None:
        dataset.file.topics.get(options.topic)


def _read_sources(dataset: Dataset, sources: Sequence[str], options: GenerateOptions, progress: Progress) -> None:
    from seedbed.dataset.generation.seeding import seed_dataset
    from seedbed.sources.find import read_all

    if not sources:
        if dataset.file.seeds.count() == 0:
            raise InputError("this recipe works from sources", fix="name files, folders, globs or tables", code="usage")
        return
    names = ("chunk_size", "chunk_overlap", "tables", "text_column", "text_field")
    chosen = {name: value for name in names if (value := getattr(options, name))}
    seeds, report = read_all(sources, chosen, max_chunks=options.max_chunks)
    for issue in report.issues[:20]:
        progress.emit("note", {"text": f"skipped: {issue.message}", **issue.to_dict()})
    if not seeds:
        if report.issues:
            raise report.issues[0]
        raise InputError(
            "the sources hold no text", place={"sources": list(sources)}, fix="check the paths and file types"
        )
    fresh = seed_dataset(dataset, seeds, root=options.topic, actor=options.actor)
    progress.emit("note", {"text": f"{len(seeds)} chunks of {len(report.files)} documents, {fresh} new"})


def _gate(dataset: Dataset, kind: str, options: GenerateOptions) -> Any:
    from seedbed.dataset.gates import build_gate

    extra = dict(options.checks)
    if options.threshold is not None:
        extra["judge"] = {"threshold": options.threshold}
    elif options.judge:
        extra.setdefault("judge", True)
    if options.topic_filter:
        extra["topic"] = {"topic": options.topic_filter}
    return build_gate(dataset.kind(kind), dataset.project.config, extra)


def _start(dataset: Dataset, recipe: Recipe, options: GenerateOptions, cast: Cast) -> tuple[int, int, int | None]:
    """The run's row, its event, and its goal: what an unfinished run of the same request wanted, or is asked now."""
    asked = options.model_dump(
        mode="json", exclude={*HISTORY, "topics", "max_cost", "max_tokens", "max_calls", "concurrency"}
    )
    key = identity.digest([recipe.name, recipe.version, asked, cast.models])
    there = _finished(dataset, recipe.kind, options.topic)
    goal = options.target
    if options.add is not None:
        goal = there + options.add
    elif options.n_pairs is not None:
        goal = options.n_pairs * dataset.file.seeds.count(root=options.topic)
    elif goal is None:
        goal = wanted_total(dataset, recipe.kind)
    with dataset.file.write():
        run = dataset.file.runs.start(key, recipe.name, {**asked, "goal": goal}, cast.models)
        goal = run.options.get("goal", goal)
        if goal is not None and options.topic is None:
            keep_total(dataset, recipe.kind, goal)
        detail = {"run": run.id, "goal": goal}
        who = {name: getattr(options, name) for name in HISTORY}
        event_id = dataset.file.events.add("generate", subject=recipe.name, detail=detail, **who)
    return run.id, event_id, goal


def _finished(dataset: Dataset, kind: str, root: str | None) -> int:
    counts = dataset.file.entries.counts(root=root, kind=kind)
    return sum(c.n for c in counts if str(c.state) in ("accepted", "approved"))


def _plan(dataset: Dataset, recipe: Recipe, goal: int | None, options: GenerateOptions) -> Plan:
    tree: list[Topic] = dataset.file.topics.all()
    topics = dataset.file.topics.all(options.topic)
    if not any(t.is_leaf for t in topics):
        raise InputError("the dataset has no topics", fix="seedbed topics load FILE, or seedbed topics add PATH")
    if goal is None and all(t.target is None for t in topics):
        raise InputError("no target given", fix="give --target, --add or --n-pairs, or a target in seedbed.yaml")
    cells = legal_cells(tree, topics, dataset.kind(recipe.kind), goal)
    plan = Plan(cells, attempts_per_entry=options.max_attempts, rebalance=not options.strict_balance, goal=goal)
    done: dict[tuple[str, str], int] = {}
    for count in dataset.file.entries.counts(root=options.topic, kind=recipe.kind):
        if str(count.state) in ("accepted", "approved"):
            done[count.topic, count.cell] = done.get((count.topic, count.cell), 0) + count.n
    plan.set_counts(done, {})
    return plan


def _axes(recipe: Recipe) -> dict[str, list[str]]:
    from seedbed.recipes.coordinates import axes_for

    return {name: list(values) for name, values in axes_for(recipe.name).items()}
