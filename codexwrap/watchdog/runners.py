"""Find the agents that run."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from codexwrap import agents
from codexwrap.agents.look import Agent
from codexwrap.watchdog import proctable
from codexwrap.watchdog.proctable import Process, Table

_INTERPRETERS = ("node", "bun", "deno", "sh", "bash")  # an agent's program may be a script of theirs
_STARTING = 30.0  # seconds in which a wrapper has written down what it started
_WRAPPER = "codexwrap"


class Runner(NamedTuple):
    """An agent that runs: the topmost process of its own, its arguments, its environment where that can be read.

    `wrapped` says that a wrapper started it: a living one that has written it down, or will in a moment.
    """

    agent: Agent
    process: Process
    program: str
    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    cwd: str
    wrapped: bool

    @property
    def run(self) -> str:
        """The same for this process for as long as it lives, and for no other one."""
        return f"{self.process.mark}-{self.process.pid}"

    @property
    def home(self) -> Path:
        """The agent's home as that process has it."""
        named = self.environ.get(self.agent.home_variable)
        own = self.environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - text in, text out
        return Path(self.cwd, named) if named else Path(self.agent.default_home.replace("~", own, 1))


def running(processes: Table, held: Mapping[int, str]) -> list[Runner]:
    """The agents among some processes, each once, however many processes it has; by number.

    `held` are the programs of the seats that a living wrapper holds, by process number.
    """
    found = []
    for process in processes.values():
        named = _named(process.argv)
        if named is None:
            continue
        agent, program, arguments = named
        above = proctable.ancestors(processes, process.pid)
        if any(_named(each.argv) for each in above) or not agent.starts_session(arguments):
            continue
        young = time.time() - process.started < _STARTING and any(_is_wrapper(each) for each in above)
        wrapped = young or any(each.pid in held for each in (process, *above))
        environ = proctable.environ(process.pid)
        found.append(Runner(agent, process, program, arguments, environ, _cwd(process, environ), wrapped))
    return sorted(found, key=lambda each: each.process.pid)


def tree(processes: Table, pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for each in processes.values():
        children.setdefault(each.parent, []).append(each.pid)
    found = [pid]
    for number in found:
        found.extend(children.get(number, ()))
    return found


def _named(argv: Sequence[str]) -> tuple[Agent, str, tuple[str, ...]] | None:
    """The agent that a command line starts, its program and its arguments."""
    for index in (0, 1):
        if index >= len(argv) or (index and PurePath(argv[0]).name not in _INTERPRETERS):
            return None
        if agent := agents.of_program(argv[index].removesuffix(".js")):
            return agent, argv[index], tuple(argv[index + 1 :])
    return None


def _is_wrapper(process: Process) -> bool:
    return any(PurePath(word).name == _WRAPPER for word in process.argv[:4])


def _cwd(process: Process, environ: Mapping[str, str]) -> str:
    return proctable.directory(process.pid) or environ.get("PWD", "")
