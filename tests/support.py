"""What tests of several modules share."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


def eventually(what: Callable[[], T], *, within: float = 20.0, every: float = 0.01) -> T:
    """The first true answer of `what`; fails the test when there is none in time. `within` bounds a hang, no more."""
    deadline = time.monotonic() + within
    while not (answer := what()):
        if time.monotonic() > deadline:
            pytest.fail(f"never true within {within:g} s: {getattr(what, '__name__', what)}")
        time.sleep(every)
    return answer


def need(program: str) -> str:
    """The path of a program from the system's packages, or a skip that says which one is missing."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


def codex(version: str | None = None) -> Path:
    """A real Codex CLI: the one of `version` under $CODEXWRAP_TEST_CODEX (DIR/v<version>), or the newest there."""
    root = os.environ.get("CODEXWRAP_TEST_CODEX")
    if not root:
        pytest.skip("no real Codex CLI: set CODEXWRAP_TEST_CODEX to a folder of npm prefixes v<version>")
    folders = sorted(Path(root).glob("v*"), key=lambda path: [int(part) for part in path.name[1:].split(".")])
    if version:
        folders = [path for path in folders if path.name == f"v{version}"]
    binary = folders[-1] / "node_modules/.bin/codex" if folders else None
    if binary is None or not binary.exists():
        pytest.skip(f"Codex {version or ''} is not installed under CODEXWRAP_TEST_CODEX")
    return binary
