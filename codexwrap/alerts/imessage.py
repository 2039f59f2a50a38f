"""Send an iMessage."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from codexwrap.alerts.message import Message
from codexwrap.errors import UsageError
from codexwrap.sinks import command, tables
from codexwrap.sinks.tables import Table

# What is told is an argument of the script, never a part of it.
_SCRIPT = (
    "on run argv",
    'tell application "Messages"',
    "set service to 1st account whose service type = iMessage",
    "send (item 2 of argv) to participant (item 1 of argv) of service",
    "end tell",
    "end run",
)
_ADDRESS = re.compile(r"\+[0-9]{5,20}|[^@\s\"\\-][^@\s\"\\]*@[^@\s\"\\]+")


class Settings(NamedTuple):
    """`to` is a phone number, from its country code on, or an address; `osascript` is macOS's own."""

    to: str
    osascript: str = "osascript"
    timeout: float = 30.0


def read(table: Table, values: Mapping[str, object]) -> Settings:
    """Raises UsageError."""
    settings = tables.checked(table, values, Settings)
    if not _ADDRESS.fullmatch(settings.to):
        raise UsageError(f"{table.where}to must be a number such as +4915112345678, or an address")
    return settings


class Channel:
    """By the Messages app of this Mac, which asks once whether codexwrap may."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings, self._environ = settings, environ

    def tell(self, message: Message) -> None:
        """Raises NotTakenError."""
        argv = arguments(self._settings, message)
        command.run(argv, b"", timeout=self._settings.timeout, environ=self._environ)


def arguments(settings: Settings, message: Message) -> list[str]:
    script = [word for line in _SCRIPT for word in ("-e", line)]
    return [settings.osascript, *script, settings.to, message.text()]
