"""The dataset's embedder: opened by name, and replaced as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seedbed.core.errors import EmbedderMismatchError
from seedbed.similarity.embedders import open_embedder
from seedbed.similarity.search import pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from seedbed.core.protocols import Embedder
    from seedbed.dataset.handle import Dataset
    from seedbed.dataset.project import Project
    from seedbed.store.file import DatasetFile

BATCH = 256


def open_project_embedder(project: Project, name: str) -> Embedder:
    """``static``, ``minilm``, a plugin's name, or ``provider:model`` of an embedding endpoint.

    Raises:
        UnknownNameError, MissingExtraError, MissingKeyError: it cannot be opened; says what to do.
    """
    return open_embedder(name, remote=_remote(project, name) if ":" in name else None)


def own_embedder(project: Project, file: DatasetFile) -> Embedder:
    """The project's embedder; a file without vectors is registered with it.

    Raises:
        EmbedderMismatchError: the file was embedded with another; names both and the command that re-embeds.
    """
    found = open_project_embedder(project, project.config.embedder)
    current = file.vectors.current()
    if current is not None and current[0] != found.id:
        raise EmbedderMismatchError(
            f"{file.path.name} was embedded with {current[0]!r}, not {found.id!r}",
            place={"file": str(file.path), "embedder": current[0]},
            fix=f"set embedder in seedbed.yaml back, or run: seedbed reembed {project.config.embedder}",
        )
    if current is None and file.writable:
        with file.write():
            file.vectors.register(found.id, found.dim, found.duplicate_threshold)
    return found


def _remote(project: Project, name: str) -> Callable[[Sequence[str]], np.ndarray]:
    from seedbed.providers.embedding import remote_encoder
    from seedbed.providers.open import open_provider, parse_model

    provider_name, model = parse_model(name)
    config = project.config.providers.get(provider_name)
    provider = open_provider(provider_name, config=config, environ=project.environ)
    return remote_encoder(provider, model)


def reembed(dataset: Dataset, name: str) -> int:
    """Replace all vectors by those of the embedder ``name``, in one transaction; returns their number."""
    embedder = open_project_embedder(dataset.project, name)

    def rows(rowids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        for start in range(0, len(rowids), BATCH):
            part = rowids[start : start + BATCH]
            entries = dataset.file.entries.by_rowids(part)
            texts = [dataset.kind(entries[r].kind).embed_text(entries[r].content) for r in part]
            yield from zip(part, pack(embedder.encode(texts)), strict=True)

    with dataset.file.write():
        rowids = dataset.file.vectors.rowids()  # those of removed entries too: undo may bring them back
        dataset.file.vectors.replace(embedder.id, embedder.dim, embedder.duplicate_threshold, rows(rowids))
        dataset.file.events.add("reembed", actor="human", detail={"embedder": embedder.id, "entries": len(rowids)})
    return len(rowids)
