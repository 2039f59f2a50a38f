"""Kill a real session and see."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codexwrap.drill import codexhome, measure
from codexwrap.drill.answers import Shell, Text
from codexwrap.drill.causes import Cause
from codexwrap.drill.driver import Terminal, TimeoutExpiredError
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import Stage
from codexwrap.drill.tokens import Login
from codexwrap.paths import State

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
        "codex": None,
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
            result["codex"] = version(codex, stage.environ)
            result |= _kill(cause, stage) if cause.expected else _spare(cause, stage)
            if provider.failures:
                result |= {"ok": False, "why": f"the drill's own provider failed: {provider.failures[0]!r}"}
    except TimeoutExpiredError as error:
        result["why"] = str(error).splitlines()[0]
    return result


def version(codex: Path, environ: Mapping[str, str]) -> str:
    """What `codex --version` says, without the program's name; empty where it says nothing.

    Even that call makes folders in its home: `environ` says which home that is.
    """
    command = [str(codex), "--version"]
    answer = subprocess.run(
        command, env=dict(environ), capture_output=True, text=True, timeout=_UP, stdin=subprocess.DEVNULL
    )
    found = re.search(r"\d+\.\d+\S*", answer.stdout)
    return found[0] if found else ""


def _kill(cause: Cause, stage: Stage) -> dict[str, Any]:
    seat, state = f"drill-{cause.name}", State(stage.state)
    with stage.seat(seat) as terminal:
        first_turn(terminal, stage.provider)
        cause.break_it(stage.provider)
        terminal.type("please do the next step")
        dead = measure.wait_for_event(state, "seat.dead", _DEATH)
        terminal.settle(_QUIET)
        banner_at = measure.banner_at(terminal)
    if dead is None:
        return {"verdict": "ALIVE", "why": "the death was not posted"}
    times = measure.times(dead, banner_at)
    result: dict[str, Any] = {
        **times,
        "verdict": f"{dead.data['state']} {dead.data['cause']}",
        "resumed": _resume(seat, stage),
    }
    wrong = [
        *(["another cause"] if dead.data["cause"] not in (cause.expected, cause.or_else) else []),
        *(["no checkpoint"] if times["checkpoint_ms"] is None else []),
        *(["the checkpoint came after the feed"] if (times["checkpoint_ms"] or 0) > times["feed_ms"] else []),
        *(["not resumed with its context"] if not result["resumed"] else []),
    ]
    return {**result, "ok": not wrong, **({"why": ", ".join(wrong)} if wrong else {})}


def _spare(cause: Cause, stage: Stage) -> dict[str, Any]:
    with stage.seat(f"drill-{cause.name}") as terminal:
        first_turn(terminal, stage.provider)
        stage.provider.queue.extend(cause.answers)
        terminal.type("please do the next step")
        terminal.wait_for(cause.ends_with, _DEATH)
        terminal.settle(_QUIET)
    told = [event for event in measure.feed(State(stage.state)) if event.type.removeprefix("codexwrap.") in _FAMILIAR]
    if told:
        return {"verdict": str(told[0].data["state"]), "why": f"{told[0].data['cause']} was posted of a living seat"}
    return {"verdict": "ALIVE", "ok": True}


def first_turn(terminal: Terminal, provider: Provider) -> None:
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
