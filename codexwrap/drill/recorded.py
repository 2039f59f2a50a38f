"""Show a recorded death, without Codex."""

import importlib.resources
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from codexwrap.drill import codexhome, measure
from codexwrap.drill.driver import Terminal
from codexwrap.paths import State
from codexwrap.verdict import replay

_RECORDING = "death.cast.xz"
_DEATH = 45.0  # seconds


def run() -> dict[str, Any]:
    """A recording of the real Codex, played in a real terminal under the real wrapper; the rest is as in `run.run`."""
    root = Path(tempfile.mkdtemp(prefix="codexwrap-drill-")).resolve()
    try:
        with importlib.resources.as_file(importlib.resources.files("codexwrap.drill") / _RECORDING) as recording:
            return _play(root, recording)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _play(root: Path, recording: Path) -> dict[str, Any]:
    with replay.opened(recording) as (header, _records):
        pass
    program = root / "codex"
    player = [sys.executable, "-P", "-m", "codexwrap.drill.player", str(recording)]
    program.write_text(f"#!/bin/sh\nexec {shlex.join(player)}\n")
    program.chmod(0o700)
    (root / "config.toml").touch()
    own = {
        "CODEXWRAP_HOME": str(root / "state"),
        "CODEXWRAP_CONFIG": str(root / "config.toml"),
        "TZ": header.env.get("TZ", ""),
    }
    env = codexhome.environment(
        root / "home", provider="http://127.0.0.1:9", temporary=root, caller=os.environ, extra=own
    )
    wrapper = [sys.executable, "-P", "-m", "codexwrap", "--seat", "drill-recording", str(program)]
    with Terminal(wrapper, cwd=root, env=env, columns=header.columns, lines=header.lines) as terminal:
        dead = measure.wait_for_event(State(root / "state"), "seat.dead", _DEATH)
        banner_at = measure.banner_at(terminal)
    result: dict[str, Any] = {
        "cause": "recording",
        "codex": f"{header.title or ''} (recorded)".strip(),
        "verdict": f"{dead.data['state']} {dead.data['cause']}" if dead else "ALIVE",
        "alert_ms": None,
        "resumed": False,
        "ok": dead is not None,
    }
    return {**result, **measure.times(dead, banner_at)}
