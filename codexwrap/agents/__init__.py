"""Which agents are known."""

from pathlib import PurePath

from codexwrap.agents import codex
from codexwrap.agents.look import Agent

AGENTS: dict[str, Agent] = {codex.name: codex}


def of_program(program: str) -> Agent | None:
    """The agent that is started by this program's name or path, if its rules are known."""
    base = PurePath(program).name
    return next((agent for agent in AGENTS.values() if base in agent.programs), None)
