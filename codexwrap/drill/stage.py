"""Put up and take down a drill's scene."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from codexwrap.drill import codexhome, processes
from codexwrap.drill.driver import Terminal
from codexwrap.drill.provider import Provider

TICKET = "DRILL-1"


class Stage:
    """A provider, a CODEX_HOME, a repository and a state root, all of them thrown away at the end.

    The environment of what runs here is made new: it names no home of the user's, and no way out of loopback.
    """

    def __init__(self, codex: Path, *, provider: Provider, columns: int = 100, lines: int = 30) -> None:
        self.codex = codex
        self.columns, self.lines = columns, lines
        self.provider = provider
        self.root = Path(tempfile.mkdtemp(prefix="codexwrap-drill-")).resolve()
        self.home = self.root / "home"
        self.project = self.root / "project"
        self.state = self.root / "state"
        temporary = self.root / "tmp"
        for folder in (self.project, temporary):
            folder.mkdir()
        codexhome.prepare(self.home, provider=provider.url, cwd=self.project)
        own = {"CODEXWRAP_HOME": str(self.state), "CODEXWRAP_CONFIG": str(self.root / "config.toml")}
        (self.root / "config.toml").touch()
        self.environ: Mapping[str, str] = codexhome.environment(
            self.home, provider=provider.url, temporary=temporary, caller=os.environ, extra=own
        )
        self.isolation = codexhome.isolating_arguments(codex, self.environ)
        _repository(self.project, self.environ)

    def wrapped(self, *arguments: str) -> Terminal:
        """Run codexwrap with these arguments, in a terminal."""
        return Terminal(
            [sys.executable, "-P", "-m", "codexwrap", *arguments],
            cwd=self.project,
            env=self.environ,
            columns=self.columns,
            lines=self.lines,
        )

    def seat(self, name: str) -> Terminal:
        """Codex as a seat."""
        return self.wrapped("--seat", name, str(self.codex), *self.isolation)

    def close(self) -> None:
        processes.end_with_variable("CODEX_HOME", str(self.home), grace=2)
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _repository(project: Path, environ: Mapping[str, str]) -> None:
    """A small one with something committed, something changed and something new, on a branch that names a ticket."""
    (project / "parser.py").write_text("def parse(text):\n    return text.split()\n")
    who = ("-c", "user.name=drill", "-c", "user.email=drill@localhost", "-c", "commit.gpgsign=false")
    for command in (
        ("git", "init", "--quiet"),
        ("git", "checkout", "--quiet", "-b", f"{TICKET}-parser"),
        ("git", "add", "."),
        ("git", *who, "commit", "--quiet", "-m", "A parser"),
    ):
        _quietly(command, project, environ)
    (project / "parser.py").write_text("def parse(text):\n    return text.split(',')\n")
    (project / "notes.txt").write_text("to do: quotes\n")


def _quietly(command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> None:
    """A drill also runs where git is missing: the checkpoint then says so."""
    if shutil.which(command[0], path=environ.get("PATH")):
        subprocess.run(command, cwd=cwd, env=dict(environ), capture_output=True, stdin=subprocess.DEVNULL)
