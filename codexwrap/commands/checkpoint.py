"""Make a seat's checkpoint now."""

import os
from collections.abc import Sequence
from typing import Any

from codexwrap import config, events, paths, resuming, seats, session, shelf, tables
from codexwrap.errors import UserError
from codexwrap.keep import saver
from codexwrap.keep.about import About, Scene
from codexwrap.keep.capture import Rolling
from codexwrap.options import Parser
from codexwrap.paths import State as Root
from codexwrap.redact.redact import printable


def main(arguments: Sequence[str]) -> int:
    """`codexwrap checkpoint [SEAT]`: prints the path of the newest checkpoint, a new one if anything has changed."""
    parser = Parser(
        "codexwrap checkpoint", description="Make a checkpoint of a running seat now, if anything has changed."
    )
    parser.add_argument("seat", nargs="?", help="default: the seat of this directory, or the only one")
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args(arguments)
    root = paths.state(os.environ)
    name = options.seat or resuming.choose(root, session.directory(), config.load(os.environ).seat)
    about = _about(root, name)
    request = {"id": events.new_id(), "trigger": Rolling.CHANGE, "scene": Scene()._asdict()}
    try:
        made = saver.roll(root, about, request, config.load(os.environ, name), os.environ)["path"]
    except OSError as error:
        raise UserError(f"the checkpoint cannot be written ({error.strerror}): {root.checkpoints(name)}") from None
    newest = shelf.newest(root.checkpoints(name))
    path = made or (str(newest.path) if newest else None)
    if options.json:
        print(tables.as_json({"seat": name, "checkpoint": path, "new": made is not None}))
    else:
        print(printable(f"{path}{'' if made else ' (nothing has changed since)'}"))
    return 0


def _about(root: Root, name: str) -> About:
    record = seats.load(root, name)
    if record is None or not seats.is_held(root, name):
        raise UserError(
            f"seat {name!r} does not run: its last checkpoint stays as it is (codexwrap resume {name} --show)"
        )
    return About(
        seat=name,
        run=str(record["run"]),
        argv=_argv(root, record),
        cwd=str(record["cwd"]),
        pid=int(record["pid"]),
        started=events.epoch(str(record["started"])),
        ticket=str(record.get("ticket") or ""),
    )


def _argv(root: Root, record: dict[str, Any]) -> list[str]:
    """The program with its arguments as they were: what is kept of a seat for people is redacted."""
    newest = shelf.newest(root.checkpoints(record["seat"]))
    if newest is not None and newest.record["run"] == record["run"]:
        return [newest.record["program"], *newest.record["arguments"]]
    return [str(each) for each in record["argv"]]
