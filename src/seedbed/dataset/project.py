"""Where a project's files are: the folder with ``seedbed.yaml``, its dataset and its prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seedbed.core.config import CONFIG_NAME, DATASET_NAME, ProjectConfig, load_config

DATASET_VARIABLE = "SEEDBED_DB"


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a configuration, and the dataset file that belongs to it.

    Attributes:
        folder: where ``seedbed.yaml`` is, or the dataset's folder when there is none.
        dataset: path of the SQLite file, whether it exists or not.
        config: what ``seedbed.yaml`` says; defaults when there is none.
        environ: environment variables, passed in so that nothing reads them behind the caller's back.
        version: of ``seedbed.yaml`` as it was read; see ``changed``.
    """

    folder: Path
    dataset: Path
    config: ProjectConfig
    environ: Mapping[str, str] = field(default_factory=dict)
    version: tuple[int, int, int] | None = None

    @property
    def config_path(self) -> Path:
        """Path of ``seedbed.yaml``, whether it exists or not."""
        return self.folder / CONFIG_NAME

    @property
    def changed(self) -> bool:
        """Whether ``seedbed.yaml`` was written, made or removed since it was read."""
        return _version(self.config_path) != self.version

    @property
    def prompts(self) -> Path | None:
        """The project's own prompt templates, if it has any."""
        folder = self.folder / "prompts"
        return folder if folder.is_dir() else None


def find_project(
    dataset: str | Path | None = None, *, start: Path | None = None, environ: Mapping[str, str] | None = None
) -> Project:
    """The project that a command or script means.

    Order: an explicit ``dataset`` (file, or folder that holds one), the variable ``SEEDBED_DB``, the nearest
    ``seedbed.yaml`` in ``start`` or above, else ``seedbed.db`` in ``start``.

    Raises:
        ConfigError: ``seedbed.yaml`` is wrong.
    """
    environ = dict(environ or {})
    here = (start or Path.cwd()).absolute()
    named = dataset or environ.get(DATASET_VARIABLE)
    if named:
        path = Path(named).expanduser()
        path = path if path.is_absolute() else here / path
        if path.is_dir():
            return _in_folder(path, environ)
        return _in_folder(_config_folder(path.parent) or path.parent, environ, path)
    return _in_folder(_config_folder(here) or here, environ)


def _in_folder(folder: Path, environ: Mapping[str, str], dataset: Path | None = None) -> Project:
    version = _version(folder / CONFIG_NAME)
    config = load_config(folder / CONFIG_NAME)
    return Project(folder, dataset or folder / (config.dataset or DATASET_NAME), config, environ, version)


def _version(path: Path) -> tuple[int, int, int] | None:
    """What changes whenever the file is written; ``None`` where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _config_folder(start: Path) -> Path | None:
    """The nearest folder at or above ``start`` that holds a ``seedbed.yaml``."""
    return next((f for f in (start, *start.parents) if (f / CONFIG_NAME).is_file()), None)
