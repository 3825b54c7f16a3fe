"""Files as okgv 0.1 leaves them: its own tables, and the virtual one that no plain SQLite can open."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing

TABLES = """
CREATE TABLE vec_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE topics (
    path TEXT PRIMARY KEY, name TEXT NOT NULL, parent TEXT, FOREIGN KEY (parent) REFERENCES topics(path)
);
CREATE INDEX idx_topics_parent ON topics(parent);
CREATE TABLE entries (
    id TEXT PRIMARY KEY, topic TEXT NOT NULL, properties TEXT NOT NULL, FOREIGN KEY (topic) REFERENCES topics(path)
);
CREATE INDEX idx_entries_topic ON entries(topic);
CREATE TABLE vector_entries (id TEXT PRIMARY KEY, topic TEXT NOT NULL, properties TEXT NOT NULL);
CREATE INDEX idx_vector_entries_topic ON vector_entries(topic);
CREATE TABLE log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL, topic TEXT NOT NULL, entry_id TEXT NOT NULL
);
CREATE TABLE review (
    entry_id TEXT PRIMARY KEY, topic TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'pending',
    created_at TEXT NOT NULL, reviewed_at TEXT
);
"""
VECTORS = (
    "CREATE VIRTUAL TABLE vec_entries USING vec0("
    "id TEXT PRIMARY KEY, embedding FLOAT[8] distance_metric=cosine, topic TEXT)"
)
BALANCED = ("difficulty", "function")
"""Properties that okgv's templates keep in both tables."""


def time_of(operation):
    """When okgv made its ``operation``th submission."""
    return f"2026-01-02T03:{operation // 60:02d}:{operation % 60:02d}.250000+00:00"


class Okgv:
    """An okgv.db that is filled row by row, as its commands would."""

    def __init__(self, path):
        self.path = path
        self.operations = 0
        with closing(sqlite3.connect(path)) as db, db:
            db.executescript(TABLES)
            db.execute("PRAGMA writable_schema = ON")
            db.execute("INSERT INTO sqlite_master VALUES ('table', 'vec_entries', 'vec_entries', 0, ?)", (VECTORS,))

    def sql(self, statement, *values):
        """Run one statement."""
        with closing(sqlite3.connect(self.path)) as db, db:
            return db.execute(statement, values).fetchall()

    def topics(self, *paths):
        """Topics with their parents."""
        for path in paths:
            names = path.split("/")
            for i in range(len(names)):
                below = "/".join(names[: i + 1])
                parent = "/".join(names[:i]) or None
                self.sql("INSERT OR IGNORE INTO topics VALUES (?, ?, ?)", below, names[i], parent)
        return self

    def submit(self, topic, *rows, review=False, graph=True, vector=True):
        """Ids of the rows of one operation; the two tables get what the templates put there."""
        at = time_of(self.operations)
        self.operations += 1
        ids = []
        with closing(sqlite3.connect(self.path)) as db, db:
            for row in rows:
                entry_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, json.dumps(row, sort_keys=True)))
                ids.append(entry_id)
                stored = {k: str(v) if isinstance(v, dict) else v for k, v in row.items()}
                counted = {k: v for k, v in stored.items() if k in BALANCED or k in ("question", "query", "answer")}
                if graph:
                    db.execute("INSERT INTO entries VALUES (?, ?, ?)", (entry_id, topic, json.dumps(counted)))
                if vector:
                    db.execute("INSERT INTO vector_entries VALUES (?, ?, ?)", (entry_id, topic, json.dumps(stored)))
                db.execute("INSERT INTO log (timestamp, topic, entry_id) VALUES (?, ?, ?)", (at, topic, entry_id))
                if review:
                    db.execute("INSERT INTO review VALUES (?, ?, 'pending', ?, NULL)", (entry_id, topic, at))
        return ids

    def decide(self, entry_id, status):
        """Approve or reject a queued entry."""
        at = "2026-01-05T00:00:00+00:00"
        self.sql("UPDATE review SET status = ?, reviewed_at = ? WHERE entry_id = ?", status, at, entry_id)


FACTS = [
    ("What is a vector space?", "A set that is closed under addition and scaling."),
    ("Which number is the rank of the identity of size four?", "Four."),
    ("How is the trace of a square matrix defined?", "As the sum of its diagonal."),
    ("When is a limit of a sequence unique?", "Whenever the space is Hausdorff."),
    ("Who proved the fundamental theorem of algebra first?", "Gauss, in his thesis of 1799."),
]


def qa(number, **changes):
    """A submission of okgv's ``qa`` template."""
    question, answer = FACTS[number]
    return {"question": question, "answer": answer, "difficulty": "easy"} | changes
