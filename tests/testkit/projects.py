"""A small project for tests of front ends: its tree, its configuration and a few rows."""

from __future__ import annotations

TREE = {
    "git": {
        "_description": "Keeping the history of files.",
        "commits": {"_description": "Recording a change.", "_fields": {"difficulty": ["easy", "medium"]}},
        "branches": {"_description": "Parallel lines of work."},
    }
}
CONFIG = """\
kind: qa
target: 12
kinds:
  qa: {balance: [difficulty]}
roles: {writer: "fake:varied"}
"""
FACTS = [
    ("git/commits", "What does a commit hold?", "A snapshot of the tracked files with a message and its parents."),
    ("git/commits", "How is the last commit amended?", "Run the commit command with the option that amends."),
    ("git/branches", "What is a branch?", "A movable name for a commit that follows new work."),
]


def row(number=0, **changes):
    """One of the facts as a submission that names its topic."""
    topic, question, answer = FACTS[number]
    return {"question": question, "answer": answer, "difficulty": "easy", "topic": topic} | changes
