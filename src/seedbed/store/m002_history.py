"""The second step of the schema: changes that can be taken back, tombstones, reviewers' decisions, leases on cells.

``entry`` and ``topic`` are rebuilt, because a constraint cannot be altered: an entry may be ``removed`` (state 4), and
a topic that was removed gives its path up to a new one. SQLite's own procedure for this is in its documentation of
ALTER TABLE ("Making other kinds of table schema changes").
"""

from __future__ import annotations

import sqlite3


def m002_history(connection: sqlite3.Connection) -> None:
    """Journal of changes, tombstones of entries and topics, decisions, leases."""
    for statement in (_TOPIC + _ENTRY + _NEW).split(";\n\n"):
        connection.execute(statement)


_TOPIC = """
CREATE TABLE new_topic (
  id INTEGER PRIMARY KEY,
  parent_id INTEGER REFERENCES topic(id),
  path TEXT NOT NULL,
  position INTEGER NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  target INTEGER,
  weight REAL NOT NULL DEFAULT 1.0,
  meta TEXT,
  removed INTEGER NOT NULL DEFAULT 0
);

INSERT INTO new_topic SELECT id, parent_id, path, position, description, target, weight, meta, 0 FROM topic;

DROP TABLE topic;

ALTER TABLE new_topic RENAME TO topic;

CREATE INDEX topic_children ON topic(parent_id, position);

CREATE UNIQUE INDEX topic_path ON topic(path) WHERE removed = 0;

"""

_ENTRY = """
CREATE TABLE new_entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid BLOB NOT NULL UNIQUE,
  topic_id INTEGER NOT NULL REFERENCES topic(id),
  kind_id INTEGER NOT NULL REFERENCES kind(id),
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),
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

INSERT INTO new_entry SELECT * FROM entry ORDER BY id;

UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'entry')
  WHERE name = 'new_entry' AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'entry');

DROP TABLE entry;

ALTER TABLE new_entry RENAME TO entry;

CREATE INDEX entry_topic ON entry(topic_id, state);

CREATE INDEX entry_review ON entry(id) WHERE state = 2;

CREATE INDEX entry_text ON entry(text_hash) WHERE text_hash IS NOT NULL;

CREATE INDEX entry_run ON entry(run_id) WHERE run_id IS NOT NULL;

CREATE INDEX entry_job ON entry(job_id) WHERE job_id IS NOT NULL;

CREATE INDEX entry_event ON entry(event_id) WHERE event_id IS NOT NULL;

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

"""

_NEW = """
ALTER TABLE event ADD COLUMN undone_by INTEGER REFERENCES event(id);

CREATE INDEX event_session ON event(session) WHERE session IS NOT NULL;

CREATE TABLE change (
  event_id INTEGER NOT NULL REFERENCES event(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  tbl INTEGER NOT NULL,
  row_id INTEGER NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  PRIMARY KEY (event_id, seq)
) WITHOUT ROWID;

CREATE INDEX change_row ON change(row_id, tbl);

CREATE TABLE decision (
  id INTEGER PRIMARY KEY,
  entry_id INTEGER NOT NULL REFERENCES entry(id) ON DELETE CASCADE,
  reviewer TEXT NOT NULL,
  decision INTEGER NOT NULL CHECK (decision IN (0, 1)),
  reasons TEXT,
  note TEXT,
  adjudicates INTEGER NOT NULL DEFAULT 0,
  withdrawn INTEGER NOT NULL DEFAULT 0,
  at REAL NOT NULL,
  event_id INTEGER REFERENCES event(id)
);

CREATE INDEX decision_entry ON decision(entry_id);

CREATE INDEX decision_event ON decision(event_id);

CREATE TABLE lease (
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL UNIQUE,
  topic_id INTEGER NOT NULL REFERENCES topic(id),
  kind_id INTEGER NOT NULL REFERENCES kind(id),
  cell TEXT NOT NULL,
  cell_values TEXT,
  n INTEGER NOT NULL,
  given INTEGER NOT NULL DEFAULT 0,
  owner TEXT NOT NULL,
  session TEXT,
  coordinates TEXT,
  created_at REAL NOT NULL,
  lease_until REAL NOT NULL
);

CREATE INDEX lease_cell ON lease(topic_id, kind_id, cell)
"""
