"""Kill a real session and see."""

import codecs
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from codexwrap import checkpoint, events, journal, paths, replay
from codexwrap.agents import codex as codex_rules
from codexwrap.cast import OUTPUT, Header, Record
from codexwrap.drill import codexhome
from codexwrap.drill.answers import Shell, Text
from codexwrap.drill.causes import Cause
from codexwrap.drill.driver import Terminal, TimeoutExpiredError
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import Stage
from codexwrap.drill.tokens import Login
from codexwrap.events import Event

_UP = 60.0  # seconds; a first start on a slow machine
_TURN = 30.0
_DEATH = 45.0
_QUIET = 1.0
_CODEWORD = "PELICAN"
_COMPOSER = "›"
_FAMILIAR = ("seat.dead", "seat.stalled", "seat.alive")


def run(cause: Cause, codex: Path, *, columns: int = 100, lines: int = 30) -> dict[str, Any]:
    """One drill, as `codexwrap drill --json` prints it; times are milliseconds from the banner's last byte.

    `ok` says that everything was as it must be; where it is not, `why` says what was not.
    """
    result: dict[str, Any] = {
        "cause": cause.name,
        "codex": version(codex),
        "verdict": None,
        "detected_ms": None,
        "checkpoint_ms": None,
        "feed_ms": None,
        "alert_ms": None,
        "resumed": False,
        "ok": False,
    }
    try:
        with Provider() as provider, Stage(codex, provider=provider, columns=columns, lines=lines) as stage:
            result |= _kill(cause, stage) if cause.expected else _spare(cause, stage)
            if provider.failures:
                result |= {"ok": False, "why": f"the drill's own provider failed: {provider.failures[0]!r}"}
    except TimeoutExpiredError as error:
        result["why"] = str(error).splitlines()[0]
    return result


def version(codex: Path) -> str:
    """What `codex --version` says, without the program's name; empty where it says nothing."""
    answer = subprocess.run([codex, "--version"], capture_output=True, text=True, timeout=_UP, stdin=subprocess.DEVNULL)
    found = re.search(r"\d+\.\d+\S*", answer.stdout)
    return found[0] if found else ""


def _kill(cause: Cause, stage: Stage) -> dict[str, Any]:
    seat = f"drill-{cause.name}"
    with stage.seat(seat) as terminal:
        _first_turn(terminal, stage.provider)
        cause.break_it(stage.provider)
        terminal.type("please do the next step")
        dead = _wait_for_event(stage, "seat.dead")
        terminal.settle(_QUIET)
        banner_at = _banner_at(terminal)
    if dead is None:
        return {"verdict": "ALIVE", "why": "the death was not posted"}
    saved = checkpoint.load(Path(dead.data["checkpoint"])) if dead.data.get("checkpoint") else None
    result: dict[str, Any] = {
        "verdict": f"{dead.data['state']} {dead.data['cause']}",
        "detected_ms": _since(banner_at, events.epoch(dead.data["verdict_at"])),
        "checkpoint_ms": _since(banner_at, saved.path.stat().st_mtime) if saved else None,
        "feed_ms": _since(banner_at, events.made_at(dead.id)),
        "resumed": _resume(seat, stage),
    }
    wrong = [
        *(["another cause"] if dead.data["cause"] not in (cause.expected, cause.or_else) else []),
        *(["no checkpoint"] if saved is None else []),
        *(["the checkpoint came after the feed"] if saved and result["checkpoint_ms"] > result["feed_ms"] else []),
        *(["not resumed with its context"] if not result["resumed"] else []),
    ]
    return {**result, "ok": not wrong, **({"why": ", ".join(wrong)} if wrong else {})}


def _spare(cause: Cause, stage: Stage) -> dict[str, Any]:
    with stage.seat(f"drill-{cause.name}") as terminal:
        _first_turn(terminal, stage.provider)
        stage.provider.queue.extend(cause.answers)
        terminal.type("please do the next step")
        terminal.wait_for(cause.ends_with, _DEATH)
        terminal.settle(_QUIET)
    told = [event for event in _feed(stage) if event.type.removeprefix("codexwrap.") in _FAMILIAR]
    if told:
        return {"verdict": str(told[0].data["state"]), "why": f"{told[0].data['cause']} was posted of a living seat"}
    return {"verdict": "ALIVE", "ok": True}


def _first_turn(terminal: Terminal, provider: Provider) -> None:
    terminal.wait_for(_COMPOSER, _UP)
    terminal.settle(_QUIET)
    provider.queue.extend([Shell("echo started >> notes.txt"), Text("The first step is done.")])
    terminal.type(f"remember the codeword {_CODEWORD} and start")
    terminal.wait_for("Thefirststepisdone", _TURN)
    terminal.settle(_QUIET)


def _resume(seat: str, stage: Stage) -> bool:
    """Whether a resumed seat sends its earlier messages to the provider."""
    provider = stage.provider
    provider.accepted = None
    codexhome.replace_auth(stage.home, Login(token="access-2", refresh_token="refresh-2"))  # noqa: S106 - of the drill
    provider.refresh = None
    provider.default = Text("I go on.")
    before = len(provider.turns)
    with stage.wrapped("resume", seat) as terminal:
        try:
            terminal.wait_for(_COMPOSER, _UP)
            terminal.settle(_QUIET)
            terminal.type("go on")
            terminal.wait_for("Igoon", _TURN)
        except TimeoutExpiredError:
            return False
    asked = provider.turns[before:]
    return bool(asked) and any(_CODEWORD in text for _role, text in asked[-1].messages)


def _wait_for_event(stage: Stage, kind: str) -> Event | None:
    deadline = time.monotonic() + _DEATH
    while time.monotonic() < deadline:
        for event in _feed(stage):
            if event.type == f"codexwrap.{kind}":
                return event
        time.sleep(0.05)
    return None


def _feed(stage: Stage) -> list[Event]:
    return journal.read(paths.State(stage.state).feed).events


def _banner_at(terminal: Terminal) -> float:
    """When the death was on the drill's own screen: the epoch second of the bytes that completed it."""
    header = Header(terminal.columns, terminal.lines, timestamp=terminal.started)
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    records = (Record(chunk.time - terminal.started, OUTPUT, decode(chunk.data)) for chunk in terminal.chunks)
    episodes = replay.judge(header, records, codex_rules)["episodes"]
    return terminal.started + episodes[0]["dead_at"] if episodes else terminal.started


def _since(start: float, moment: float) -> int:
    return round((moment - start) * 1000)
