"""Has a keeper killed at its every operation on the disk, as `python -m tests.killed FOLDER PROGRAM`.

PROGRAM is what is done with the keeper, `died` or `recovered`. In FOLDER/<k> is what stood on the disk when the k-th
operation was about to be made; the last one was not killed.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from codexwrap import agents
from codexwrap.config import Config
from codexwrap.keep.about import About, Scene
from codexwrap.keeper import Keeper
from codexwrap.paths import State as Root
from codexwrap.verdict.causes import CAUSES, State
from codexwrap.verdict.verdict import Change, Evidence

OPERATIONS = ("open", "write", "fsync", "replace", "rename", "mkdir", "unlink", "link", "ftruncate", "rmdir")

CHANGE = Change(3.0, State.DEAD, CAUSES["auth.token_revoked"], evidence=(Evidence("screen", "revoked"),))
SCENE = Scene(("› go on", "■ revoked"), "goon")


def keeper(root: Path) -> Keeper:
    about = About("alpha", "run-1", ["codex"], str(root), os.getpid(), time.time(), "HWD-1")
    environ = {"CODEX_HOME": str(root / "home"), "TZ": "UTC"}
    return Keeper(about, agents.AGENTS["codex"], Root(root / "state"), Config(), environ)


PROGRAMS: dict[str, tuple[Callable[[Keeper], None], Callable[[Keeper], None]]] = {
    "died": (lambda own: own.started(), lambda own: own.died(CHANGE, time.time(), SCENE)),
    "recovered": (
        lambda own: (own.started(), own.died(CHANGE, time.time(), SCENE))[0],  # type: ignore[func-returns-value]
        lambda own: own.recovered(State.IDLE, time.time()),
    ),
}


def kill_at(number: int) -> None:
    """Have this process killed before its operation of that number, from 1."""
    made = count(1)

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*args: Any, **options: Any) -> Any:
            if next(made) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)

        return operation

    for name in OPERATIONS:
        setattr(os, name, watched(getattr(os, name)))


def main(folder: Path, program: str) -> None:
    before, watched = PROGRAMS[program]
    for number in count(1):
        root = folder / str(number)
        root.mkdir()
        child = os.fork()
        if not child:
            own = keeper(root)
            before(own)
            kill_at(number)
            watched(own)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != -signal.SIGKILL:
            break


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
