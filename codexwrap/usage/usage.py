"""Say what each sign-in has used."""

import contextlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import agents, credential, seats
from codexwrap.agents import codex
from codexwrap.paths import State as Root
from codexwrap.usage import owners
from codexwrap.usage.forecast import Forecast, forecast
from codexwrap.usage.ledger import KEPT, QUARTER, Latest, Ledger
from codexwrap.usage.limits import Snapshot
from codexwrap.usage.meter import Meter
from codexwrap.usage.owners import Owner, Owners
from codexwrap.usage.sessionfile import Tokens


class Share(NamedTuple):
    """What one seat used for one item today; both None for sessions that ran on no seat."""

    owner: Owner
    tokens: Tokens


class Credential(NamedTuple):
    """One sign-in: its hash, its home, what is known of its limits, what it used today and who did.

    `now` says whether it is the one that is signed in there now.
    """

    credential: str
    home: Path
    now: bool
    latest: Latest
    meters: tuple[Meter, ...]
    forecasts: tuple[Forecast, ...]
    shares: tuple[Share, ...]

    @property
    def today(self) -> Tokens:
        total = Tokens()
        for share in self.shares:
            total = total.plus(share.tokens)
        return total

    @property
    def seats(self) -> tuple[str, ...]:
        return tuple(sorted({share.owner.seat for share in self.shares if share.owner.seat}))


class Usage(NamedTuple):
    """What is used, by sign-in; `unread` are files of sessions that a bounded pass left for the next one."""

    credentials: tuple[Credential, ...]
    unread: int


def collect(
    root: Root,
    environ: Mapping[str, str],
    *,
    homes: Sequence[Path] = (),
    now: float | None = None,
    budget: int | None = None,
    heard: Mapping[Path, Snapshot] | None = None,
    zone: tzinfo | None = None,
) -> Usage:
    """What is used in Codex's homes: the one of this environment, those of seats, and `homes`.

    `budget` bounds what is read, in bytes, and `heard` are snapshots that came from elsewhere than a file, by home. Today
    begins at midnight in `zone`, by default the local one. Never raises for a file that cannot be read or kept.
    """
    now = time.time() if now is None else now
    records, _ = seats.load_all(root)
    named = [agents.home(codex, environ, os.getcwd()), *homes]  # noqa: PTH109
    ledgers, left = _ledgers(root, records, named, _Pass(now, budget, heard or {}))
    whose = owners.load(root, records, now - KEPT)
    midnight = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    found = []
    for ledger in ledgers:
        account = codex.account(ledger.home)
        shares = _shares(ledger, whose, midnight)
        for each in sorted({*ledger.meters, *shares}, key=lambda name: (name != account, name)):
            meters = tuple(sorted(ledger.meters.get(each, {}).values(), key=lambda meter: meter.window))
            found.append(
                Credential(
                    credential.of(ledger.home, each),
                    ledger.home,
                    each == account,
                    ledger.latest.get(each, Latest()),
                    meters,
                    tuple(forecast(meter, now) for meter in meters),
                    tuple(sorted(shares.get(each, ()), key=lambda share: -share.tokens.total)),
                )
            )
    return Usage(tuple(found), left)


class _Pass(NamedTuple):
    now: float
    budget: int | None
    heard: Mapping[Path, Snapshot]


def _ledgers(
    root: Root, records: Iterable[Mapping[str, Any]], homes: Iterable[Path], wanted: _Pass
) -> tuple[list[Ledger], int]:
    left = 0
    ledgers: dict[str, Ledger] = {}
    known: set[str] = set()
    pending = [*homes, *_remembered(root)]
    running = [record for record in records if record.get("session")]
    while pending or running:
        if not pending:
            pending = [home for record in running if record["session"] not in known and (home := _home(record))]
            running = []
            continue
        home = pending.pop(0)
        real = os.path.realpath(home)
        if real in ledgers or not home.is_dir():
            continue
        ledger = ledgers[real] = Ledger(root, Path(real))
        account, heard = codex.account(home), wanted.heard.get(Path(real))
        with contextlib.suppress(OSError):  # what was read cannot be kept: it was read all the same
            left += ledger.update(account, now=wanted.now, budget=wanted.budget, heard=heard)
        known |= ledger.sessions
    return list(ledgers.values()), left


def _remembered(root: Root) -> list[Path]:
    """Homes of which something was read before."""
    found = []
    for path in sorted((root.root / "usage").glob("*.json")):
        try:
            home = json.loads(path.read_bytes()).get("home")
        except (OSError, ValueError, AttributeError, RecursionError):
            continue
        if isinstance(home, str) and home:
            found.append(Path(home))
    return found


def _home(record: Mapping[str, Any]) -> Path | None:
    """The home of a seat whose session is in none that is known: its last checkpoint names it."""
    try:
        home = json.loads(Path(record["checkpoint"]).read_bytes()).get("home")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return Path(home) if isinstance(home, str) and home.startswith("/") else None


def _shares(ledger: Ledger, whose: Owners, midnight: float) -> dict[str, list[Share]]:
    found: dict[str, dict[Owner, Tokens]] = {}
    for use in ledger.uses():
        if use.at >= midnight:
            shares = found.setdefault(use.account, {})
            owner = whose.of(use.session, use.at + QUARTER - 1)
            shares[owner] = shares.get(owner, Tokens()).plus(use.tokens)
    return {account: [Share(*each) for each in shares.items()] for account, shares in found.items()}
