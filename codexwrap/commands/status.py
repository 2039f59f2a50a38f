"""Show every seat."""

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from codexwrap import events, overview, paths, seats, tables
from codexwrap.errors import UsageError, UserError
from codexwrap.options import Parser
from codexwrap.redact.redact import printable
from codexwrap.usage.usage import Credential
from codexwrap.verdict.causes import State
from codexwrap.watchdog import heartbeat

_HEADINGS = ("SEAT", "STATE", "CAUSE", "SINCE", "ITEM", "BRANCH", "USED", "RESETS", "CHECKPOINT", "WITNESS")
_WIDTHS = (28, 9, 26, 6, 16, 24, 5, 16, 10, 24)
_LAYERS = ("SEAT", "STATE", "L1 FILES", "L2 PROCESS", "L3 SCREEN", "PROVIDER")
_LAYER_WIDTHS = (28, 9, 10, 10, 10, 12)
_CLEAR = "\x1b[H\x1b[2J"
_MARGIN = 5  # rows of a screen that hold no seats: headings, summary, prompt
_LIMITS_EVERY = 10.0  # seconds between two looks at what is used


def main(arguments: Sequence[str]) -> int:
    """`codexwrap status`: 0 also when seats are dead; what they are is what is printed."""
    parser = Parser("codexwrap status", description="Show every seat of this machine, those that need somebody first.")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--watch", action="store_true", help="again every second, until interrupted")
    parser.add_argument("--layers", action="store_true", help="show what files, process, screen and provider say, each")
    parser.add_argument("--sort", choices=overview.SORTS, default="state", help="default: %(default)s")
    parser.add_argument("--state", default="", metavar="STATES", help="only seats in these, parted by commas")
    parser.add_argument("--seat", default="", metavar="PATTERN", help="only seats of such names (`*`, `?`)")
    parser.add_argument("--item", default="", metavar="PATTERN", help="only seats on such items")
    parser.add_argument("--all", action="store_true", help="also those for which the terminal has no room")
    parser.add_argument(
        "--fleet",
        nargs="?",
        const="",
        metavar="SINK",
        help="the seats of all hosts, from the Redis sink that they share",
    )
    options = parser.parse_args(arguments)
    if options.fleet is not None:
        from codexwrap.commands import status_fleet

        return status_fleet.show(options.fleet, as_json=options.json, watch=options.watch)
    states = [each.strip().upper() for each in options.state.split(",") if each.strip()]
    if unknown := next((each for each in states if each not in list(State)), None):
        raise UsageError(f"status: there is no state {unknown!r}; there are {', '.join(State)}")
    root = paths.state(os.environ)
    limits: dict[str, Credential] = {}
    asked = float("-inf")
    while True:
        found, broken = seats.load_all(root)
        if time.monotonic() - asked >= _LIMITS_EVERY:
            limits, asked = overview.limits(root, os.environ, found), time.monotonic()
        every = overview.rows(root, found, limits, time.time())
        rows = overview.chosen(every, states=states, seat=options.seat, item=options.item, sort=options.sort)
        text = (
            tables.as_json(rows)
            if options.json
            else _text(rows, layers=options.layers, room=_room(everything=options.all))
        )
        print((_CLEAR if options.watch and sys.stdout and sys.stdout.isatty() else "") + text, flush=True)
        for line in [*broken, *_late(root), *_troubles(root)]:
            print(f"codexwrap: {printable(line)}", file=sys.stderr)
        if not options.watch:
            return 0
        time.sleep(1)


def _late(root: paths.State) -> list[str]:
    """The watcher is watched, where somebody set one up."""
    age = heartbeat.overdue(root, time.time())
    if age is None:
        return []
    return [f"the watchdog made its last pass {_span(age)} ago: look at its timer (`codexwrap install --timer`)"]


def _room(*, everything: bool) -> int | None:
    """How many seats a terminal shows at once; None for all of them."""
    if everything or not (sys.stdout and sys.stdout.isatty()):
        return None
    return max(1, shutil.get_terminal_size().lines - _MARGIN)


def _troubles(state: paths.State) -> list[str]:
    """What is wrong with delivery; whoever asks also sees to it that somebody delivers."""
    from codexwrap import wake

    if not wake.is_wanted(os.environ):
        return []
    from codexwrap.delivery import health, workers

    wake.deliver(state.root, os.environ)
    try:
        return health.troubles(state, workers.names(os.environ))
    except UserError as error:
        return [printable(str(error))]


def _text(rows: Sequence[dict[str, Any]], *, layers: bool, room: int | None) -> str:
    if not rows:
        return "no seats yet: start one with `codexwrap codex`"
    shown = rows[:room]
    headings, widths, cells = (_LAYERS, _LAYER_WIDTHS, _layers) if layers else (_HEADINGS, _WIDTHS, _row)
    table = tables.table(headings, [cells(record) for record in shown], widths=widths)
    more = f"; {len(rows) - len(shown)} more with --all" if len(shown) < len(rows) else ""
    return f"{table}\n{overview.summary(rows)}{more}"


def _row(record: Mapping[str, Any]) -> tuple[object, ...]:
    used = record.get("used_percent")
    resets = record.get("resets_at") or record.get("resets")
    return (
        record["seat"],
        record["state"],
        record.get("cause") or record.get("note"),
        age(record.get("since")),
        record.get("ticket"),
        record.get("branch"),
        None if used is None else f"{used:.0f}%",
        time.strftime("%m-%d %H:%M", time.localtime(resets)) if isinstance(resets, int) else None,
        _made(record.get("checkpoint")),
        record["witness"],
    )


def _layers(record: Mapping[str, Any]) -> tuple[object, ...]:
    layers = record["layers"]
    return record["seat"], record["state"], layers["files"], layers["process"], layers["screen"], layers["provider"]


def _made(checkpoint: object) -> str:
    """How long ago a checkpoint was made, by its name."""
    name = os.path.basename(str(checkpoint or ""))  # noqa: PTH119 - of a text that may be anything
    try:
        return _span(time.time() - events.made_at(name.split("-", 1)[1].removesuffix(".json")))
    except (IndexError, ValueError):
        return ""


def age(since: object) -> str:
    """How long ago a time of the feed is, in words."""
    try:
        return _span(time.time() - events.epoch(str(since)))
    except ValueError:
        return "?"


def _span(seconds: float) -> str:
    whole = max(0, int(seconds))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"
