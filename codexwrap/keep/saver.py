"""Save a working tree, apart."""

# This is a process of its own, nobody waits for it, and it may take its time: the sidecar starts it when a death is on
# the feed already, or when all is well.

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codexwrap import agents, briefing, checkpoint, config, events, paths, seats, shelf
from codexwrap.config import Config
from codexwrap.errors import UserError
from codexwrap.git import gitfacts, snapshot
from codexwrap.git.snapshot import NoSnapshot
from codexwrap.git.treesort import Limits
from codexwrap.keep import logs, tidying
from codexwrap.keep.about import About, Scene
from codexwrap.keep.capture import Camera, Why, ref
from codexwrap.paths import State as Root
from codexwrap.redact import redact
from codexwrap.story import Session

_NICE = 10
_GIT_SECONDS = 30.0


def complete(root: Root, path: Path, settings: Config, environ: Mapping[str, str]) -> None:
    """Take the snapshot that a checkpoint lacks, and what else could not be learnt in a hurry. Raises OSError.

    Raises UserError where there is no such checkpoint any more.
    """
    record = shelf.load(path).record
    if record["git"].get("unknown"):
        known = redact.known_values(environ)
        facts = gitfacts.collect(record["cwd"], seconds=_GIT_SECONDS)
        if len(facts.unknown) < len(record["git"]["unknown"]):
            checkpoint.learn(record, facts, known)
    _take(record, settings)
    checkpoint.rewrite(path, record)
    tidying.tidy(root, record["seat"], record["cwd"], settings)


def roll(
    root: Root,
    about: About,
    request: Mapping[str, Any],
    settings: Config,
    environ: Mapping[str, str],
) -> dict[str, Any]:
    """Make a checkpoint of a seat that is well, if anything is not as the newest one says. Raises OSError.

    Returns its path, or None where nothing had changed, and what was learnt on the way.
    """
    agent = agents.of_program(about.argv[0])
    camera = Camera(about, agent, settings, environ)
    if found := request.get("session"):
        camera.witness.session = Session(found[0], Path(found[1]) if found[1] else None)
    with contextlib.suppress(UserError):
        now = seats.load(root, about.seat)
        if now and now.get("run") == about.run:
            camera.go_on(now)
    scene = Scene(**request["scene"])
    told = camera.witness.tell(scene.prompt)
    facts = camera.look(seconds=_GIT_SECONDS)
    record = camera.take(Why(request["trigger"], events.made_at(request["id"])), scene, told, facts, request["id"])
    _take(record, settings)
    before = shelf.newest(root.checkpoints(about.seat))
    path = None
    if before is None or _essence(before.record) != _essence(record):
        path = checkpoint.save(root, record)
        tidying.tidy(root, about.seat, about.cwd, settings)
    own = told.session
    return {
        "path": str(path) if path else None,
        "session": [own.id, str(own.path) if own.path else None] if own else None,
        "ticket": camera.named or None,
        "branch": facts.branch,
    }


def _take(record: dict[str, Any], settings: Config) -> None:
    if not settings.snapshots or record["snapshot"] is None:
        return
    taken = snapshot.take(
        record["cwd"],
        ref(record),
        message=_message(record),
        seconds=settings.snapshot_seconds,
        limits=Limits(file=settings.snapshot_file_bytes),
    )
    if isinstance(taken, NoSnapshot):
        record["snapshot"] = {"state": checkpoint.FAILED, "ref": None, "why": taken.why, "took_ms": taken.took_ms}
    else:
        record["snapshot"] = {"state": checkpoint.TAKEN, **taken.to_json()}


def _message(record: Mapping[str, Any]) -> str:
    item = f" on {record['ticket']}" if record["ticket"] else ""
    subject = f"codexwrap: {record['cause'] or record['trigger']} of {record['seat']}{item} at {record['time']}"
    return f"{subject}\n\n{briefing.text({**record, 'snapshot': None})}"  # for whoever has nothing but the repository


def _essence(record: dict[str, Any]) -> object:
    """What a new checkpoint must not have in common with the one before it."""
    git = {name: value for name, value in record["git"].items() if name not in ("took_ms", "unknown")}
    taken = record.get("snapshot") or {}
    told = [record.get(name) for name in ("run", "ticket", "session", "prompt", "plan", "actions", "words", "tokens")]
    return json.dumps([git, taken.get("commit"), told], sort_keys=True)


def main() -> None:
    """Reads a request on stdin, JSON, and prints what was learnt, JSON too. What goes wrong is written to the seat's log."""
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    request = json.load(sys.stdin)
    about = About(**request["about"])
    root = paths.state(os.environ)
    try:
        settings = config.load(os.environ, about.seat)
        if "trigger" in request:
            print(json.dumps(roll(root, about, request, settings, os.environ)), flush=True)
            from codexwrap.usage import warn  # after what somebody waits for

            warn.warnings(root, settings, os.environ)
        else:
            complete(root, Path(request["path"]), settings, os.environ)
    except UserError:  # the checkpoint was removed meanwhile, or the config spoilt
        sys.exit(1)
    except Exception:  # noqa: BLE001 - the last frame of this process
        logs.crashed(root.seat(about.seat))
        sys.exit(3)


if __name__ == "__main__":
    main()
