"""Which agents are known."""

from collections.abc import Mapping
from pathlib import Path, PurePath

from codexwrap.agents import codex
from codexwrap.agents.look import Agent

AGENTS: dict[str, Agent] = {codex.name: codex}


def of_program(program: str) -> Agent | None:
    """The agent that is started by this program's name or path, if its rules are known."""
    base = PurePath(program).name
    return next((agent for agent in AGENTS.values() if base in agent.programs), None)


def home(agent: Agent, environ: Mapping[str, str], cwd: str) -> Path:
    """The home of an agent that runs in `cwd` with this environment. It may not be there."""
    if named := environ.get(agent.home_variable):
        return Path(cwd, named)
    try:
        return Path(agent.default_home).expanduser()
    except RuntimeError:  # a user without a home
        return Path(cwd, agent.default_home)
