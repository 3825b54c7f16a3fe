"""What an agent reads: guides of the live project, the tree, the report; and the prompt that starts the loop."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from seedbed.core.errors import UnknownNameError

if TYPE_CHECKING:
    from seedbed.dataset import Dataset

GUIDE = "seedbed://guide/"
TREE = "seedbed://tree"
REPORT = "seedbed://report"
TOPICS = 200
"""Topics that the resource of the tree shows."""

MARKDOWN, JSON = "text/markdown", "application/json"

GROW = """\
Grow the dataset of this Seedbed server{where}, {n} entries in this sitting, with its tools.

1. Read the resource {guide}agent (once: fields, rules, examples of what the door says). Commands that it names are
   tools of the same name here; your name and session are filled in for you.
2. next (n: 5{topic}) leases what to write: topic, cell values, rules, entries to stay away from.
3. Write that many rows for each lease, with "topic" and the values of its cell. Decide first what each is about.
   In doubt look with similar; differ in substance, not in wording.
4. submit all rows in one call. Mend or replace rejected ones by their reason; after three refusals leave that cell.
5. Go on with 2 until {n} entries were accepted or next gives nothing. give_back leases you will not use.

Finish with report, and say what was added, what was refused and why, and what you could not write."""

INSTRUCTIONS = """\
Seedbed keeps a dataset for training or evaluating language models: balanced over a topic tree, without duplicates, \
checked. The loop: next (what to write, as leases) → write → submit (verdict per row, with reasons) → next. \
similar shows what is close; report what is missing; review and decide are for reviewers; undo takes changes back. \
Read seedbed://guide/agent first; commands it names are tools here. Errors are JSON: error, message and mostly fix."""


def listing() -> list[dict[str, str]]:
    """``uri``, ``name``, ``description`` and ``mime_type`` of every resource."""
    from seedbed.frontends.guides import ABOUT

    rows = [(f"{GUIDE}{name}", f"guide: {name}", about, MARKDOWN) for name, about in ABOUT.items()]
    about = (
        f"The first {TOPICS} topics with their finished entries, descriptions and targets; more with the tool topics."
    )
    rows.append((TREE, "topic tree", about, JSON))
    rows.append((REPORT, "report", "What is there, what is missing, what was rejected; worst first.", JSON))
    names = ("uri", "name", "description", "mime_type")
    return [dict(zip(names, row, strict=True)) for row in rows]


def read(dataset: Dataset, uri: str) -> tuple[str, str]:
    """Text and MIME type of a resource.

    Raises:
        UnknownNameError: there is no such resource, guide or topic.
    """
    if uri.startswith(GUIDE):
        from seedbed.frontends.guides import render_guide

        name, _, topic = unquote(uri.removeprefix(GUIDE)).partition("/")
        return render_guide(dataset, name, topic=topic or None), MARKDOWN
    if uri == TREE:
        from seedbed.frontends.mcp.changing import TopicsArguments, tree_page

        return _json(tree_page(dataset, TopicsArguments(limit=TOPICS))), JSON
    if uri == REPORT:
        return _json(dataset.report().to_dict()), JSON
    raise UnknownNameError("resource", uri, [row["uri"] for row in listing()])


def grow(n: str | None, topic: str | None) -> str:
    """The prompt that starts the loop."""
    named = f", topic: {topic}" if topic else ""
    return GROW.format(where=f" under the topic {topic}" if topic else "", n=n or "20", topic=named, guide=GUIDE)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
