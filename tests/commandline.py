"""The real command line, for tests."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from codexwrap import paths, seats
from tests.support import eventually, need

CODEXWRAP = (sys.executable, "-P", "-m", "codexwrap")

Done = subprocess.CompletedProcess[str]


def environment(folder: Path, **extra: str) -> dict[str, str]:
    """This test's environment, with its state below `folder` and programs of the test's own in `folder/bin`."""
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    caller = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**caller, "PATH": path, "CODEXWRAP_HOME": str(folder / "state"), **extra}


def codexwrap(
    *arguments: str | bytes, env: Mapping[str, str], cwd: Path | None = None, stdin: str = "", ordinary: bool = False
) -> Done:
    """Run it without a terminal, to its end; `ordinary`: as somebody to whom the modes of files mean something."""
    return subprocess.run(
        [*(as_ordinary_user() if ordinary else ()), *CODEXWRAP, *arguments],
        env=env,
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=50,
    )


def as_ordinary_user() -> tuple[str, ...]:
    """What stands before a command so that it may do no more than its user: for root, a command."""
    if os.getuid() != 0:
        return ()
    return need("setpriv"), "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"


def program(folder: Path, name: str, script: str) -> Path:
    """A program of the test's own, in shell."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def state(env: Mapping[str, str]) -> paths.State:
    return paths.state(env)


def until_free(env: Mapping[str, str], seat: str) -> None:
    """Until the seat's wrapper and its sidecar have ended."""
    eventually(lambda: not seats.is_held(paths.state(env), seat))


def until_all_free(env: Mapping[str, str]) -> None:
    """The same for all seats, whatever they are called."""
    eventually(lambda: not any(map(_is_locked, (paths.state(env).root / "seats").glob("*/lock"))))


def _is_locked(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def complaint(done: Done, code: int) -> str:
    """What the user was told where it must be one line, with this exit status, and nothing else printed."""
    assert done.returncode == code, (done.returncode, done.stderr)
    assert done.stdout == ""
    assert done.stderr.endswith("\n")
    assert done.stderr.startswith("codexwrap: ")
    (line,) = done.stderr.splitlines()
    assert line.isprintable(), line
    return line.removeprefix("codexwrap: ")
