"""Parse a command's options."""

import argparse
from typing import NoReturn

from codexwrap.errors import UsageError


class Parser(argparse.ArgumentParser):
    """One that says what is wrong in one line, as everything else here does, and takes no abbreviations."""

    def __init__(self, prog: str, *, description: str) -> None:
        super().__init__(prog, description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raises UsageError in place of printing the usage and exiting."""
        raise UsageError(f"{self.prog.removeprefix('codexwrap ')}: {message} ({self.prog} --help)")


def count(text: str) -> int:
    """A number of things, for `type`. Raises ValueError."""
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def seconds(text: str) -> float:
    """A span of time, at least one second, for `type`. Raises ValueError."""
    span = float(text)
    if not 1 <= span < 1e9:
        raise ValueError(text)
    return span
