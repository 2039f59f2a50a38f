"""Show what is used of the limits."""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from codexwrap import agents, config, paths, tables
from codexwrap.agents import codex
from codexwrap.options import Parser
from codexwrap.redact.redact import printable
from codexwrap.usage import server, usage, words
from codexwrap.usage.limits import Snapshot
from codexwrap.usage.usage import Credential
from codexwrap.verdict import resettime

_WINDOWS = ("SIGN-IN", "WINDOW", "USED", "RESETS", "RATE", "FORECAST")
_SHARES = ("SIGN-IN", "SEAT", "ITEM", "TODAY", "INPUT", "CACHED", "OUTPUT")


def main(arguments: Sequence[str]) -> int:
    """`codexwrap usage`."""
    parser = Parser(
        "codexwrap usage",
        description="Show what each sign-in has used of its limits, and what for, as far as sessions of Codex tell it.",
    )
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--home", action="append", default=[], metavar="DIR", help="look in this CODEX_HOME, too")
    parser.add_argument(
        "--ask", action="store_true", help="ask the provider, too, through `codex app-server` (setting: app_server)"
    )
    options = parser.parse_args(arguments)
    root, now = paths.state(os.environ), time.time()
    homes = [paths.absolute(home) for home in options.home]
    zone = resettime.zone(os.environ.get("TZ"))
    found = usage.collect(root, os.environ, homes=homes, now=now, zone=zone)
    if options.ask or config.load(os.environ).app_server:
        own = agents.home(codex, os.environ, str(Path.cwd()))
        heard = _ask({own.resolve(), *(each.home for each in found.credentials if each.now)})
        now = time.time()
        found = usage.collect(root, os.environ, homes=homes, now=now, heard=heard, zone=zone)
    print(tables.as_json([as_json(each) for each in found.credentials]) if options.json else _text(found, now))
    return 0


def as_json(found: Credential) -> dict[str, Any]:
    """One sign-in for programs; times in epoch seconds."""
    windows = [
        {
            **meter.window._asdict(),
            "read_at": meter.at,
            "forecast": {**told._asdict(), "hits_before_reset": told.hits_before(meter.resets_at)},
        }
        for meter, told in zip(found.meters, found.forecasts, strict=True)
    ]
    today = [{**share.owner._asdict(), **share.tokens._asdict()} for share in found.shares]
    told = found.latest
    return {
        "credential": found.credential,
        "home": str(found.home),
        "signed_in": found.now,
        "plan": told.plan,
        "credits": told.credits,
        "spend_cap": told.spend_cap,
        "reached": told.reached,
        "told_at": told.at or None,
        "windows": windows,
        "today": {**found.today._asdict(), "by": today},
    }


def _ask(homes: set[Path]) -> dict[Path, Snapshot]:
    program = shutil.which(codex.name)
    if program is None:
        print("codexwrap: the app-server is not asked: there is no codex on the PATH", file=sys.stderr)
        return {}
    heard = {}
    for home in sorted(homes):
        try:
            heard[home] = server.ask(program, home, os.environ)
        except server.NoAnswerError as error:
            print(f"codexwrap: {printable(f'{home}: {error}')}", file=sys.stderr)
    return heard


def _text(found: usage.Usage, now: float) -> str:
    if not found.credentials:
        return "no sessions of Codex were found: name its home with --home"
    zone = resettime.zone(os.environ.get("TZ"))
    heads = [f"{each.credential[:8]}  {_about(each)}" for each in found.credentials]
    windows = [row for each in found.credentials for row in _windows(each, now, zone)]
    shares = [
        (each.credential[:8], share.owner.seat or "(no seat)", share.owner.item, *map(_amount, _columns(share)))
        for each in found.credentials
        for share in each.shares
    ]
    parts = ["\n".join(map(printable, heads))]
    parts += [tables.table(_WINDOWS, windows)] if windows else ["no session told of limits"]
    parts += [tables.table(_SHARES, shares)] if shares else ["no tokens today"]
    if found.unread:
        parts.append(f"{found.unread} files are not read yet")
    return "\n\n".join(parts)


def _about(found: Credential) -> str:
    told = found.latest
    parts = [
        f"plan {told.plan or '?'}",
        f"credits {told.credits or '?'}",
        *([f"spend cap {told.spend_cap}"] if told.spend_cap else []),
        *([f"reached: {told.reached}"] if told.reached else []),
        *([] if found.now else ["no longer signed in here"]),
        str(found.home),
    ]
    return " · ".join(parts)


def _windows(found: Credential, now: float, zone: Any) -> Iterator[tuple[object, ...]]:
    for meter, told in zip(found.meters, found.forecasts, strict=True):
        over = meter.resets_at is not None and meter.resets_at <= now
        yield (
            found.credential[:8],
            words.name(meter),
            "?" if over else f"{meter.window.used:.0f} %",
            words.clock(meter.resets_at, now, zone) if meter.resets_at else "?",
            f"{told.rate:.1f} %/h" if not told.why else "",
            words.forecast(meter, told, now, zone),
        )


def _columns(share: usage.Share) -> tuple[int, ...]:
    tokens = share.tokens
    return tokens.total, tokens.input, tokens.cached, tokens.output


def _amount(tokens: int) -> str:
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if tokens >= size:
            return f"{tokens / size:.1f}{unit}"
    return str(tokens)
