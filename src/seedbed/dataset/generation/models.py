"""Who plays which role in a run: providers opened once, behind one set of limits, budget and journal."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.core.config import EndpointConfig
from seedbed.engine.budget import Budget
from seedbed.engine.calls import Asker, Calls, Line, Seat
from seedbed.engine.limits import Limiter
from seedbed.engine.throttle import Throttle
from seedbed.providers.open import open_provider, parse_model
from seedbed.providers.presets import PRESETS
from seedbed.providers.prices import PriceTable
from seedbed.providers.structure import LadderMemory
from seedbed.store.file import DatasetFile

if TYPE_CHECKING:
    from seedbed.core.protocols import Provider, Recipe
    from seedbed.core.records import Job
    from seedbed.dataset.generation.run import GenerateOptions
    from seedbed.dataset.handle import Dataset
    from seedbed.dataset.project import Project
    from seedbed.engine.progress import Progress
    from seedbed.engine.writer import Writer
    from seedbed.store.calls import CallRow

DEFAULT_WRITER = "local:smollm2"
LADDER_KEY = "structure_ladder"
"""Meta key of what was learnt about endpoints' structured output."""

HOSTED, SERVER, IN_PROCESS = 64, 16, 1
"""Default calls at once: a hosted service, a server on this machine, a model in this process."""


def role_models(project: Project, options: GenerateOptions, roles: set[str]) -> dict[str, str]:
    """``provider:model`` of every role.

    Order: ``--role``, then ``--provider``/``--model`` for the writer, then ``seedbed.yaml``, then the writer's own
    model, then the local model.

    Raises:
        InputError: a name is not ``provider:model``.
    """
    configured: Mapping[str, str] = project.config.roles
    writer = options.roles.get("writer") or configured.get("writer") or DEFAULT_WRITER
    if options.provider and options.model:
        writer = f"{options.provider}:{options.model.removeprefix(options.provider + ':')}"
    elif options.provider:
        writer = options.provider
    elif options.model:
        writer = options.model if ":" in options.model else f"{writer.partition(':')[0]}:{options.model}"
    out = {"writer": ":".join(parse_model(writer))}
    for role in sorted(roles - {"writer"}):
        out[role] = ":".join(parse_model(options.roles.get(role) or configured.get(role) or out["writer"]))
    return out


class Cast:
    """The models of one run.

    Attributes:
        models: role → ``provider:model``.
        writer: the writer's.
        workers: jobs that may be in progress at once.
        budget: limits of the run.
    """

    def __init__(self, dataset: Dataset, options: GenerateOptions, models: Mapping[str, str], watch: Progress) -> None:
        self.models, self.writer = dict(models), models["writer"]
        self.budget = Budget(max_cost_usd=options.max_cost, max_tokens=options.max_tokens, max_calls=options.max_calls)
        self._options, self._project, self._watch = options, dataset.project, watch
        self._ladder = LadderMemory()
        self._ladder.load(dataset.file.meta.get(LADDER_KEY, {}))
        self._prices = PriceTable.load(_prices_path(dataset.project))
        self._providers: dict[str, Provider] = {}
        self._limiters: dict[str, Limiter] = {}
        self._journal = _Journal(DatasetFile.open(dataset.file.path, mode="ro"))
        seats = {role: self._seat(name) for role, name in models.items()}
        self.workers = self._ceiling(self.writer.partition(":")[0])
        self._calls = Calls(seats, self._journal, budget=self.budget, watch=watch, cache=options.cache)

    def attach(self, writer: Writer) -> None:
        """Journal through the run's writer."""
        self._journal.writer = writer

    def generate_for(self, job: Job, recipe: Recipe) -> tuple[Line, Callable[[], int]]:
        """The ``generate`` of a job, and a function that counts its writer calls so far."""
        line = self._calls.ask(
            Asker(
                recipe=recipe.name,
                recipe_version=recipe.version,
                seed_uid=job.seed.uid if job.seed else "",
                run_id=job.run_id,
                job_id=job.id,
                # Unique over all runs: another run asks anew, the same run continued is answered from the journal.
                sample=job.sample,
                seed=self._options.seed,
                fresh=job.fresh,
            )
        )
        return line, lambda: line.used

    def generate_aside(self, recipe: Recipe, run_id: int, sample: int) -> Line:
        """A ``generate`` for planning, outside any job."""
        asker = Asker(recipe.name, recipe.version, run_id=run_id, sample=-sample, seed=self._options.seed)
        return self._calls.ask(asker)

    def limits(self) -> dict[str, Any]:
        """State of every limiter by ``provider:model``."""
        return {name: limiter.snapshot() for name, limiter in self._limiters.items()}

    def learned(self) -> dict[str, Any]:
        """What was learnt about structured output, for the file."""
        return self._ladder.dump()

    async def aclose(self) -> None:
        """Close providers and the journal's reader."""
        for provider in self._providers.values():
            await provider.aclose()
        self._journal.reader.close()

    def _seat(self, name: str) -> Seat:
        provider_name, model = parse_model(name)
        if provider_name not in self._providers:
            self._providers[provider_name] = open_provider(
                provider_name,
                config=self._project.config.providers.get(provider_name),
                environ=self._project.environ,
                ladder=self._ladder,
            )
        provider = self._providers[provider_name]
        if name not in self._limiters:
            self._limiters[name] = Limiter(self._throttle(provider_name), clock=time.monotonic)
        return Seat(
            provider=provider,
            model=model,
            name=name,
            endpoint=getattr(provider, "endpoint", provider_name),
            limiter=self._limiters[name],
            price=partial(self._prices.cost, provider_name, model),
            timeout_s=self._options.timeout_s,
        )

    def _throttle(self, provider: str) -> Throttle:
        config = self._project.config.providers.get(provider) or EndpointConfig()
        options = self._options
        ceiling = self._ceiling(provider)
        throttle = Throttle(
            ceiling=ceiling,
            queues=getattr(self._providers[provider], "queues", False),
            requests_per_minute=options.requests_per_minute or config.requests_per_minute,
            tokens_per_minute=options.tokens_per_minute or config.tokens_per_minute,
        )
        if provider in ("local", "fake"):
            throttle.limit = float(ceiling)  # nothing to find out in this process
        return throttle

    def _ceiling(self, provider: str) -> int:
        config = self._project.config.providers.get(provider)
        configured = self._options.concurrency or (config.max_concurrency if config else None)
        if configured:
            return configured
        if provider == "local":
            return IN_PROCESS
        return SERVER if _is_server(provider) else HOSTED


class _Journal:
    """Reads on a handle of its own, writes through the run's writer."""

    def __init__(self, reader: DatasetFile) -> None:
        self.reader = reader
        self.writer: Writer | None = None

    def get(self, key: bytes) -> CallRow | None:
        """The answered call, or ``None``."""
        return self.reader.calls.get(key)

    def put(self, rows: list[CallRow]) -> Awaitable[Any]:
        """Keep calls; ends when they are durable."""
        if self.writer is None:
            raise RuntimeError("a journal needs a writer before calls are made")
        return self.writer.put_calls(rows)


def open_cast(dataset: Dataset, options: GenerateOptions, roles: set[str], watch: Progress) -> Cast:
    """The models of a run, ready to be asked; makes no call.

    Raises:
        UnknownNameError, MissingKeyError, MissingExtraError, ConfigError: a model cannot be opened; says what to do.
    """
    return Cast(dataset, options, role_models(dataset.project, options, roles), watch)


def _is_server(provider: str) -> bool:
    preset = PRESETS.get(provider)
    return preset is not None and preset.local and bool(preset.base_url)


def _prices_path(project: Project) -> Path | None:
    return project.folder / project.config.prices if project.config.prices else None
