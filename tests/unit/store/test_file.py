from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seedbed.core.errors import (
    BusyError,
    DiskFullError,
    InputError,
    NewerFileError,
    NotADatasetError,
    NotFoundError,
    ReadOnlyError,
    StoreError,
)
from seedbed.core.records import Topic
from seedbed.store import DatasetFile
from testkit.bounds import PATIENCE_S
from testkit.stored import make_file, new_entry, rejected


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def without_permissions(folder: Path) -> Iterator[None]:
    """Folder and files read-only for this process; root gives its powers up for the while."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not hasattr(os, "geteuid"):
        pytest.skip("needs POSIX permissions")
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    opened = [p for p in folder.parents if root and not p.stat().st_mode & 0o001]
    for parent in opened:
        parent.chmod(0o711)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for parent in opened:
            parent.chmod(0o700)
        folder.chmod(0o755)


def test_a_created_file_is_opened_again(tmp_path: Path) -> None:
    DatasetFile.create(tmp_path / "a.db").close()
    with DatasetFile.open(tmp_path / "a.db") as file:
        assert file.entries.count() == 0
        assert [m.version for m in file.migration_state()[0]] == [1, 2]


def test_creating_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    DatasetFile.create(tmp_path / "a.db").close()
    assert [p.name for p in tmp_path.iterdir()] == ["a.db"]


def test_create_refuses_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("precious")
    with pytest.raises(InputError) as caught:
        DatasetFile.create(tmp_path / "a.db")
    assert caught.value.stable_code == "exists"
    assert (tmp_path / "a.db").read_text() == "precious"


def test_of_several_that_create_at_once_one_wins(tmp_path: Path) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        try:
            DatasetFile.create(tmp_path / "a.db").close()
            outcomes.append("created")
        except InputError as error:
            outcomes.append(error.stable_code)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created", "exists", "exists", "exists"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.db"]


def test_create_in_a_missing_folder_names_it(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no folder"):
        DatasetFile.create(tmp_path / "no" / "a.db")


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        DatasetFile.open(tmp_path / "a.db")
    assert (caught.value.stable_code, caught.value.fix) == ("no_dataset", "seedbed init")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"hello", b"SQLite format 3\x00" + b"\x00" * 200])
def test_another_file_is_not_a_dataset(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.db").write_bytes(content)
    with pytest.raises(NotADatasetError, match=r"a\.db"):
        DatasetFile.open(tmp_path / "a.db")
    assert (tmp_path / "a.db").read_bytes() == content


def test_another_database_and_a_folder_are_not_datasets(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    for path in (tmp_path / "other.db", tmp_path):
        with pytest.raises(NotADatasetError):
            DatasetFile.open(path)


@pytest.mark.parametrize("mode", ["rw", "ro"])
def test_a_newer_file_is_refused_untouched(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.db"
    DatasetFile.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before, stat = sha256(path), path.stat()
    with pytest.raises(NewerFileError, match="schema 99"):
        DatasetFile.open(path, mode=mode)  # type: ignore[arg-type]
    assert sha256(path) == before
    assert path.stat().st_mtime_ns == stat.st_mtime_ns
    assert [p.name for p in tmp_path.iterdir()] == ["a.db"]


def test_reading_works_where_nothing_can_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "fixed"
    folder.mkdir()
    with make_file(folder) as file:
        file.entries.insert([new_entry(1)])
    before = sha256(folder / "seedbed.db")
    with without_permissions(folder):
        with DatasetFile.open(folder / "seedbed.db", mode="ro") as file:
            assert file.entries.count() == 1
            assert len(list(file.entries.stream())) == 1
        with pytest.raises(ReadOnlyError), DatasetFile.open(folder / "seedbed.db") as file:
            file.meta.set("a", 1)
        with pytest.raises(ReadOnlyError):
            DatasetFile.create(folder / "other.db")
    assert sha256(folder / "seedbed.db") == before
    assert [p.name for p in folder.iterdir()] == ["seedbed.db"]


def test_a_wal_that_cannot_be_read_is_not_skipped_silently(tmp_path: Path) -> None:
    folder = tmp_path / "fixed"
    folder.mkdir()
    with make_file(folder):
        copies = {p.name: p.read_bytes() for p in folder.iterdir()}
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("seedbed.db", "seedbed.db-wal"):
        (copy / name).write_bytes(copies[name])
    with without_permissions(copy):
        with pytest.raises(ReadOnlyError, match="unfinished business"):
            DatasetFile.open(copy / "seedbed.db", mode="ro")


def test_reading_mode_refuses_to_write(tmp_path: Path) -> None:
    make_file(tmp_path).close()
    before = sha256(tmp_path / "seedbed.db")
    with DatasetFile.open(tmp_path / "seedbed.db", mode="ro") as file:
        assert not file.writable
        with pytest.raises(ReadOnlyError):
            file.meta.set("a", 1)
    assert sha256(tmp_path / "seedbed.db") == before


def test_a_closed_file_says_so(file: DatasetFile) -> None:
    file.close()
    file.close()
    with pytest.raises(StoreError) as caught:
        file.meta.get("a")
    assert caught.value.stable_code == "closed"


def test_what_raises_leaves_nothing(file: DatasetFile) -> None:
    with pytest.raises(KeyError), file.write():
        file.meta.set("a", 1)
        file.topics.add(Topic("new"))
        raise KeyError
    assert file.meta.get("a") is None
    assert file.topics.find("new") is None


def test_an_inner_block_is_undone_alone(file: DatasetFile) -> None:
    with file.write():
        file.meta.set("a", 1)
        with pytest.raises(KeyError), file.write():
            file.meta.set("a", 2)
            raise KeyError
        file.meta.set("b", 3)
    assert (file.meta.get("a"), file.meta.get("b")) == (1, 3)


def test_ids_made_in_a_rolled_back_block_are_forgotten(file: DatasetFile) -> None:
    with pytest.raises(KeyError), file.write():
        file.entries.insert([new_entry(1, kind="fresh")])
        raise KeyError
    file.entries.insert([new_entry(1, kind="other"), new_entry(2, kind="fresh")])
    assert [e.kind for e in file.entries.page()] == ["fresh", "other"]


def test_ids_are_looked_up_anew_when_another_connection_wrote(file: DatasetFile) -> None:
    file.entries.insert([rejected(1, topic="greece")])
    with DatasetFile.open(file.path) as other:
        other.topics.add(Topic("greece/athens"))
    with pytest.raises(InputError, match="has subtopics"):
        file.entries.insert([new_entry(2, topic="greece")])


def test_a_full_disk_leaves_the_file_intact(file: DatasetFile) -> None:
    file.entries.insert([new_entry(1)])
    pages = file.value("PRAGMA page_count")
    file.execute(f"PRAGMA max_page_count = {pages + 10}")
    with pytest.raises(DiskFullError, match=r"seedbed\.db"):
        file.entries.insert([new_entry(i, content={"text": "x" * 4000}) for i in range(2, 60)])
    assert file.entries.count() == 1
    assert file.value("PRAGMA integrity_check") == "ok"
    file.execute(f"PRAGMA max_page_count = {pages + 10_000}")
    file.entries.insert([new_entry(2)])
    assert file.entries.count() == 2


@pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be removed there")
@pytest.mark.parametrize("put", [True, False])
def test_nothing_is_written_to_a_file_that_is_not_there_any_more(file: DatasetFile, put: bool) -> None:
    copy = file.path.with_name("copy.db")
    DatasetFile.create(copy).close()
    assert file.in_place
    copy.replace(file.path) if put else file.path.unlink()
    assert not file.in_place
    with pytest.raises(StoreError) as told:
        file.entries.insert([new_entry(1)])
    assert (told.value.stable_code, file.entries.count()) == ("file_replaced", 0)


LIMITED = """
import resource, sys
from seedbed.core.errors import DiskFullError
from seedbed.core.records import Topic
from seedbed.store import DatasetFile
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
with DatasetFile.open(sys.argv[1], mode="ro") as file:
    print([t.path for t in file.topics.all()])
try:
    with DatasetFile.open(sys.argv[1]) as file:
        file.topics.add(Topic("b"))
except DiskFullError:
    print("full")
"""
"""A process that may not make any file larger: to SQLite, the same as a disk without room."""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_what_cannot_grow_can_still_be_read(file: DatasetFile) -> None:
    file.topics.add(Topic("a"))
    file.close()
    done = subprocess.run([sys.executable, "-c", LIMITED, str(file.path)], capture_output=True, text=True, check=False)
    told = [line for line in done.stdout.splitlines() if line]
    assert "'a'" in told[0], done.stderr
    assert told[1:] == ["full"], done.stderr


def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with make_file(tmp_path) as file:
        file.entries.insert([new_entry(i) for i in range(200)])
    path = tmp_path / "seedbed.db"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"seedbed\.db"), DatasetFile.open(path) as file:
        file.entries.page()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b'{"question":', b'{"que\xff\xfeion":'),  # no UTF-8
        (b'{"question":', b'["question":'),  # no JSON
        (b'CREATE TABLE "entry"', b'CREATE \xff\xfeBLE "entry"'),  # SQLite cannot even say what is wrong
    ],
)
def test_a_few_wrong_bytes_are_damage_too(tmp_path: Path, right: bytes, wrong: bytes) -> None:
    with make_file(tmp_path) as file:
        file.entries.insert([new_entry(i) for i in range(3)])
    path = tmp_path / "seedbed.db"
    data = path.read_bytes()
    assert right in data
    path.write_bytes(data.replace(right, wrong))
    assert len(right) == len(wrong)
    with pytest.raises(StoreError) as told, DatasetFile.open(path) as file:
        file.entries.page()
    assert told.value.stable_code == "damaged_file"


def test_waiting_for_another_writer_ends(file: DatasetFile) -> None:
    with DatasetFile.open(file.path, busy_s=0.05) as other:
        with file.write():
            with pytest.raises(BusyError, match=r"seedbed\.db"), other.write():
                pass
        other.meta.set("a", 1)


def test_threads_with_connections_of_their_own_never_meet_a_lock(file: DatasetFile) -> None:
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            with DatasetFile.open(file.path) as own:
                for i in range(15):
                    own.entries.insert([new_entry(number * 100 + i)])
                    own.entries.counts()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert file.entries.count() == 60


def test_threads_share_one_handle(file: DatasetFile) -> None:
    seen: list[int] = []

    def read() -> None:
        seen.extend(len(file.topics.all()) for _ in range(50))

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(20):
        file.entries.insert([new_entry(i)])
    reader.join()
    assert set(seen) == {4}


def test_another_thread_sees_a_transaction_whole_or_not_at_all(file: DatasetFile) -> None:
    seen: list[object] = []
    reader = threading.Thread(target=lambda: seen.append(file.meta.get("a")))
    with file.write():
        file.meta.set("a", "half")
        reader.start()
        reader.join(0.05)
        assert reader.is_alive()
        file.meta.set("a", "whole")
    reader.join()
    assert seen == ["whole"]


WRITER = """
    import sys
    from testkit.stored import new_entry
    from seedbed.store import DatasetFile
    with DatasetFile.open(sys.argv[1]) as file:
        for i in range(int(sys.argv[2]), int(sys.argv[2]) + 20):
            file.entries.insert([new_entry(i)])
"""


def test_processes_write_side_by_side(file: DatasetFile) -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(file.path)]
    running = [subprocess.Popen([*command, str(n * 100)], env=environ) for n in range(2)]
    assert [p.wait(PATIENCE_S) for p in running] == [0, 0]
    assert file.entries.count() == 40


KILLED = """
    import os, signal, sys
    from testkit.stored import new_entry
    from seedbed.store import DatasetFile
    file = DatasetFile.open(sys.argv[1])
    file.entries.insert([new_entry(1)])
    with file.write():
        file.entries.insert([new_entry(i) for i in range(2, 3000)])
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_kill_keeps_what_was_committed_and_nothing_else(file: DatasetFile) -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(file.path)]
    assert subprocess.run(command, env=environ, check=False).returncode == -9
    assert file.entries.count() == 1
    file.entries.insert([new_entry(2)])
    assert sum(c.n for c in file.entries.counts()) == 2
