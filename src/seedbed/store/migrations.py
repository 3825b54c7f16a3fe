"""The schema as ordered steps; each is applied once, in one transaction with the row that records it.

A step is a function named ``m<number>_<what>`` and is never edited after a release: files in the field have run it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seedbed.store.m002_history import m002_history

APPLICATION_ID = 0x5EEDBED
"""In the header of every dataset file (``PRAGMA application_id``)."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A migration the file has been through: when, in Unix seconds."""

    version: int
    name: str
    applied_at: float


def m001_dataset(connection: sqlite3.Connection) -> None:
    """Everything a dataset needs; public ids are 10-byte blobs, all references are integers."""
    for statement in _DATASET.split(";\n\n"):
        connection.execute(statement)


_DATASET = """
CREATE TABLE migration (
  version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at REAL NOT NULL
);

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE topic (
  id INTEGER PRIMARY KEY,
  parent_id INTEGER REFERENCES topic(id),
  path TEXT NOT NULL UNIQUE,
  position INTEGER NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  target INTEGER,
  weight REAL NOT NULL DEFAULT 1.0,
  meta TEXT
);

CREATE INDEX topic_children ON topic(parent_id, position);

CREATE TABLE kind (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

CREATE TABLE origin (
  id INTEGER PRIMARY KEY,
  via TEXT NOT NULL, recipe TEXT NOT NULL, recipe_version TEXT NOT NULL, prompt TEXT NOT NULL,
  prompt_version TEXT NOT NULL, model TEXT NOT NULL, strategy TEXT NOT NULL, actor TEXT NOT NULL,
  UNIQUE (via, recipe, recipe_version, prompt, prompt_version, model, strategy, actor)
);

CREATE TABLE checker (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, threshold REAL
);

CREATE INDEX checker_name ON checker(name, version, threshold);

CREATE TABLE embedder (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, dim INTEGER NOT NULL, threshold REAL NOT NULL
);

CREATE TABLE seed (
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL UNIQUE,
  topic_id INTEGER REFERENCES topic(id),
  position INTEGER NOT NULL,
  source TEXT NOT NULL,
  headings TEXT,
  meta TEXT,
  text TEXT NOT NULL
);

CREATE INDEX seed_topic ON seed(topic_id);

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  recipe TEXT NOT NULL,
  options TEXT NOT NULL,
  models TEXT NOT NULL,
  status TEXT NOT NULL,
  started_at REAL NOT NULL,
  finished_at REAL,
  summary TEXT
);

CREATE INDEX run_key ON run(key);

CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run(id),
  key BLOB NOT NULL,
  status INTEGER NOT NULL DEFAULT 0,
  topic_id INTEGER NOT NULL REFERENCES topic(id),
  kind_id INTEGER NOT NULL REFERENCES kind(id),
  cell TEXT NOT NULL,
  seed_id INTEGER REFERENCES seed(id),
  n INTEGER NOT NULL,
  sample INTEGER NOT NULL,
  recipe TEXT NOT NULL,
  strategy TEXT NOT NULL,
  cell_values TEXT,
  coordinates TEXT,
  owner TEXT,
  lease_until REAL,
  accepted INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  UNIQUE (run_id, key)
);

CREATE INDEX job_open ON job(run_id, status) WHERE status < 2;

CREATE INDEX job_seed ON job(seed_id) WHERE seed_id IS NOT NULL;

CREATE TABLE call (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  run_id INTEGER REFERENCES run(id),
  job_id INTEGER REFERENCES job(id),
  role TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  finish TEXT NOT NULL,
  rung TEXT NOT NULL,
  prompt_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  cost_usd REAL,
  latency_s REAL NOT NULL,
  error TEXT,
  created_at REAL NOT NULL,
  tool_calls TEXT,
  reasoning TEXT,
  text TEXT NOT NULL
);

CREATE UNIQUE INDEX call_key ON call(key) WHERE error IS NULL;

CREATE INDEX call_run ON call(run_id) WHERE run_id IS NOT NULL;

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  at REAL NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  session TEXT,
  reason TEXT,
  subject TEXT,
  detail TEXT
);

CREATE TABLE entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid BLOB NOT NULL UNIQUE,
  topic_id INTEGER NOT NULL REFERENCES topic(id),
  kind_id INTEGER NOT NULL REFERENCES kind(id),
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
  cell TEXT NOT NULL,
  created_at REAL NOT NULL,
  origin_id INTEGER REFERENCES origin(id),
  seed_id INTEGER REFERENCES seed(id),
  run_id INTEGER REFERENCES run(id),
  job_id INTEGER REFERENCES job(id),
  event_id INTEGER REFERENCES event(id),
  text_hash BLOB,
  meta TEXT,
  content TEXT NOT NULL,
  raw TEXT
);

CREATE INDEX entry_topic ON entry(topic_id, state);

CREATE INDEX entry_text ON entry(text_hash) WHERE text_hash IS NOT NULL;

CREATE INDEX entry_run ON entry(run_id) WHERE run_id IS NOT NULL;

CREATE INDEX entry_job ON entry(job_id) WHERE job_id IS NOT NULL;

CREATE INDEX entry_event ON entry(event_id) WHERE event_id IS NOT NULL;

CREATE TABLE vector (
  entry_id INTEGER PRIMARY KEY REFERENCES entry(id) ON DELETE CASCADE,
  embedder_id INTEGER NOT NULL REFERENCES embedder(id),
  v BLOB NOT NULL
);

CREATE TABLE verdict (
  entry_id INTEGER NOT NULL REFERENCES entry(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  checker_id INTEGER NOT NULL REFERENCES checker(id),
  outcome INTEGER NOT NULL,
  score REAL,
  code TEXT,
  reason TEXT,
  evidence TEXT,
  PRIMARY KEY (entry_id, seq)
) WITHOUT ROWID;

CREATE INDEX verdict_failed ON verdict(code, checker_id) WHERE outcome = 0;

CREATE TABLE cell_count (
  topic_id INTEGER NOT NULL REFERENCES topic(id),
  kind_id INTEGER NOT NULL REFERENCES kind(id),
  cell TEXT NOT NULL,
  state INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (topic_id, kind_id, cell, state)
) WITHOUT ROWID;

CREATE TRIGGER entry_inserted AFTER INSERT ON entry BEGIN
  INSERT INTO cell_count VALUES (new.topic_id, new.kind_id, new.cell, new.state, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER entry_deleted AFTER DELETE ON entry BEGIN
  UPDATE cell_count SET n = n - 1
    WHERE topic_id = old.topic_id AND kind_id = old.kind_id AND cell = old.cell AND state = old.state;
END;

CREATE TRIGGER entry_moved AFTER UPDATE OF topic_id, kind_id, cell, state ON entry BEGIN
  UPDATE cell_count SET n = n - 1
    WHERE topic_id = old.topic_id AND kind_id = old.kind_id AND cell = old.cell AND state = old.state;
  INSERT INTO cell_count VALUES (new.topic_id, new.kind_id, new.cell, new.state, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TABLE strategy_yield (
  recipe TEXT NOT NULL,
  model TEXT NOT NULL,
  topic_id INTEGER NOT NULL REFERENCES topic(id),
  strategy TEXT NOT NULL,
  calls INTEGER NOT NULL,
  candidates INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  PRIMARY KEY (recipe, model, topic_id, strategy)
) WITHOUT ROWID;

CREATE TABLE coordinate (
  id INTEGER PRIMARY KEY,
  topic_id INTEGER NOT NULL REFERENCES topic(id),
  axis TEXT NOT NULL,
  text TEXT NOT NULL,
  source TEXT NOT NULL,
  uses INTEGER NOT NULL DEFAULT 0,
  accepted INTEGER NOT NULL DEFAULT 0,
  retired INTEGER NOT NULL DEFAULT 0,
  UNIQUE (topic_id, axis, text)
);
"""

Migration = Callable[[sqlite3.Connection], None]

MIGRATIONS: tuple[Migration, ...] = (m001_dataset, m002_history)


def newest() -> int:
    """The version this program writes."""
    return len(MIGRATIONS)


def version_of(connection: sqlite3.Connection) -> int:
    """Number of migrations the file has been through."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def applied(connection: sqlite3.Connection) -> list[Applied]:
    """Migrations the file has been through, oldest first."""
    if version_of(connection) == 0:
        return []
    rows = connection.execute("SELECT version, name, applied_at FROM migration ORDER BY version")
    return [Applied(*row) for row in rows]


def pending(connection: sqlite3.Connection) -> list[str]:
    """Names of migrations the file still has to go through, in order."""
    return [step.__name__ for step in MIGRATIONS[version_of(connection) :]]


def migrate(connection: sqlite3.Connection, now: float, *, steps: Sequence[Migration] | None = None) -> list[str]:
    """Bring the file up to date; returns the names of the steps taken.

    Args:
        connection: in autocommit mode.
        now: Unix seconds, recorded with each step.
        steps: default ``MIGRATIONS``.
    """
    steps = MIGRATIONS if steps is None else steps
    taken: list[str] = []
    if version_of(connection) >= len(steps):
        return taken
    # A table that is rebuilt must not take the rows that refer to it along; the references hold again afterwards.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        while version_of(connection) < len(steps):
            taken += _take(connection, steps, now)
    finally:
        connection.execute("PRAGMA foreign_keys = ON")
    return taken


def _take(connection: sqlite3.Connection, steps: Sequence[Migration], now: float) -> list[str]:
    """One step in one transaction; nothing when another process was faster."""
    taken: list[str] = []
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(connection)
        if version < len(steps):
            step = steps[version]
            step(connection)
            connection.execute("INSERT INTO migration VALUES (?, ?, ?)", (version + 1, step.__name__, now))
            connection.execute(f"PRAGMA user_version = {version + 1:d}")
            taken.append(step.__name__)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return taken
