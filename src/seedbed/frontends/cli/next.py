"""``next``: what to write now, as leases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import click

from seedbed.core.errors import ExitCode, InputError
from seedbed.frontends.cli.options import Whole, common
from seedbed.frontends.cli.output import content_lines, counted, one_line, safe
from seedbed.frontends.cli.session import Session

_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, None: 1}


class Duration(click.ParamType[float]):
    """A time span in seconds, or with a unit: ``90``, ``15m``, ``2h``, ``1d``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        found = _TIME.fullmatch(value.strip())
        if found is None:
            raise InputError(f"{value[:60]!r} is no time span", fix="write e.g. 90, 15m or 2h", code="invalid_time")
        return float(found[1]) * _SECONDS[found[2]]


@click.command("next", short_help="Say what to write now, as a lease nobody else gets.")
@click.option("-n", "n", type=Whole(1, 100), default=1, show_default=True, help="Entries wanted.")
@click.option("--topic", metavar="PATH", help="Only this topic and below.")
@click.option("--kind", metavar="NAME", help="Schema of the entries [default: the project's].")
@click.option(
    "--ttl",
    "ttl_s",
    type=Duration(),
    default=900.0,
    help="How long the lease lasts, e.g. 90s, 15m, 2h; at most 7d [default: 15m].",
)
@click.option("--avoid", type=Whole(0, 20), default=3, show_default=True, help="Entries to stay away from.")
@click.option("--actor", metavar="WHO", default="human", show_default=True, help="Who will write.")
@click.option("--session", metavar="NAME", help="Sitting it belongs to.")
@click.option("--list", "list_", is_flag=True, help="List the leases there are instead.")
@click.option("--renew", metavar="ID", multiple=True, help="Let this lease last for --ttl again; may be repeated.")
@click.option("--give-back", metavar="ID", multiple=True, help="Give this lease back; may be repeated.")
@common
def next_command(session: Session, /, n: int, **options: Any) -> int:
    """Say what to write now: the emptiest cells of the tree, each promised to you until its lease ends.

    Every lease has the topic's brief, the values of balanced fields, the rules of all fields and a few entries to stay
    away from. submit fulfils it. When the list is empty, a note says why, and what you hold yourself.

    Exit status: 0 done, 1 a lease to be renewed or given back was gone.
    """
    list_, renew, give_back = options.pop("list_"), options.pop("renew"), options.pop("give_back")
    if list_ and (renew or give_back):
        raise InputError("--list only looks", fix="renew or give back in a call of its own")
    with session.open("ro" if list_ else "rw") as dataset:
        leases = dataset.leases
        if list_:
            there = leases.all()
            session.out.data({"leases": there}, lambda: _list_lines(there) if there else ["no leases"])
        elif renew or give_back:
            done = {"renewed": leases.renew(renew, ttl_s=options["ttl_s"]), "given_back": leases.give_back(give_back)}
            named = {lease.lower() for lease in (*renew, *give_back)}
            done["gone"] = sorted(named - {*done["renewed"], *done["given_back"]})
            session.out.data(done, lambda: [f"{what.replace('_', ' ')}: {len(ids)}" for what, ids in done.items()])
            return int(ExitCode.FAILURE if done["gone"] else ExitCode.OK)
        else:
            granted = leases.next(n, **options)
            told: dict[str, Any] = {"leases": granted}
            if not granted:
                who = {"owner": options["actor"], "session": options["session"]}
                told |= leases.waiting(options["topic"], kind=options["kind"], **who)
            session.out.data(told, lambda: _lines(told))
    return int(ExitCode.OK)


def _lines(told: dict[str, Any]) -> Iterator[str]:
    if "note" in told:
        yield told["note"]
        yield from _list_lines(told["held"])
    for lease in told["leases"]:
        cell = ", ".join(f"{k}={v}" for k, v in lease["cell"].items())
        yield f"{lease['lease']}  {safe(lease['topic'])}  {safe(cell)}".rstrip()
        yield f"  write {counted(lease['n'], 'entry', 'entries')} of {safe(lease['kind'])}, until {lease['expires_at']}"
        if lease["description"]:
            yield f"  about: {one_line(lease['description'], 300)}"
        yield from (f"  {safe(axis)}: {one_line(text, 200)}" for axis, text in lease["coordinates"].items())
        yield from (f"  {safe(name)}: {one_line(rule_phrase(rule), 200)}" for name, rule in lease["fields"].items())
        for entry in lease["avoid"]:
            yield f"  stay away from {entry['id']}:"
            yield from content_lines(entry["content"], "      ")
        for reason in lease["rejected_for"]:
            yield f"  rejected here before: {safe(reason['reason'])} ({reason['n']})"


def rule_phrase(rule: dict[str, Any]) -> str:
    """A field's rule as a phrase."""
    rest = {k: v for k, v in rule.items() if k not in ("type", "required", "description", "enum")}
    parts = [str(rule.get("type", ""))] + ([] if rule.get("required", True) else ["optional"])
    parts += ["one of " + ", ".join(map(str, rule["enum"]))] if rule.get("enum") else []
    parts += [f"{k.replace('_', ' ')} {v}" for k, v in rest.items() if v is not None]
    about = f" – {rule['description']}" if rule.get("description") else ""
    return ", ".join(p for p in parts if p) + about


def _list_lines(told: list[dict[str, Any]]) -> Iterator[str]:
    for lease in told:
        cell = ", ".join(f"{k}={v}" for k, v in lease["cell"].items())
        progress = f"{lease['given']}/{lease['n']}"
        who = f"{safe(lease['owner'])}, " if "owner" in lease else ""
        who += f"until {lease['expires_at']}"
        yield f"{lease['lease']}  {safe(lease['topic'])}  {safe(cell)}  {progress}  {who}"
