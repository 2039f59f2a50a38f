"""Which agents are known."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path, PurePath

from codexwrap.agents.look import Agent

_NAMES = ("codex", "claude", "gemini")


class _Agents(Mapping[str, Agent]):
    """By name. One is loaded when it is asked for: the launch path pays for no other."""

    def __getitem__(self, name: str) -> Agent:
        if name not in _NAMES:
            raise KeyError(name)
        agent: Agent = import_module(f"{__name__}.{name}")
        return agent

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


AGENTS: Mapping[str, Agent] = _Agents()


def of_program(program: str) -> Agent | None:
    """The agent that is started by this program's name or path, if its rules are known."""
    return AGENTS.get(PurePath(program).name)


def home(agent: Agent, environ: Mapping[str, str], cwd: str) -> Path:
    """The home of an agent that runs in `cwd` with this environment. It may not be there."""
    if named := environ.get(agent.home_variable):
        return Path(cwd, named)
    try:
        return Path(agent.default_home).expanduser()
    except RuntimeError:  # a user without a home
        return Path(cwd, agent.default_home)
