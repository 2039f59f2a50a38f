"""Notify on the desktop."""

import sys
from collections.abc import Mapping
from typing import NamedTuple

from codexwrap.alerts.message import Message
from codexwrap.feed.incidents import DEAD
from codexwrap.sinks import command, tables
from codexwrap.sinks.tables import Table

_SCRIPT = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")
_FACTS = 4  # that find room


class Settings(NamedTuple):
    """`program` is notify-send's or osascript's, where it is not on the PATH."""

    program: str = ""
    timeout: float = 10.0


def read(table: Table, values: Mapping[str, object]) -> Settings:
    """Raises UsageError."""
    return tables.checked(table, values, Settings)


class Channel:
    """By osascript on macOS, by notify-send elsewhere."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings, self._environ = settings, environ

    def tell(self, message: Message) -> None:
        """Raises NotTakenError."""
        argv = arguments(self._settings, message, sys.platform)
        command.run(argv, b"", timeout=self._settings.timeout, environ=self._environ)


def arguments(settings: Settings, message: Message, platform: str) -> list[str]:
    """The command; what is told is one argument each for the title and the rest."""
    body = "\n".join(f"{name}: {value}" for name, value in message.facts[:_FACTS])
    if platform == "darwin":
        script = [word for line in _SCRIPT for word in ("-e", line)]
        return [settings.program or "osascript", *script, message.title, body]
    urgency = "critical" if message.severity == DEAD else "normal"
    program = settings.program or "notify-send"
    return [program, "--app-name=codexwrap", f"--urgency={urgency}", "--", message.title, _escaped(body)]


def _escaped(text: str) -> str:
    """Desktops take the body for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
