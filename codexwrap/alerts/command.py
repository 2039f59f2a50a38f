"""Give an alert to a program."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from codexwrap.alerts.message import Message
from codexwrap.errors import UsageError
from codexwrap.sinks import command, tables
from codexwrap.sinks.tables import Table


class Settings(NamedTuple):
    """`argv` gets the alert on its stdin: as text, or with `format = "json"` as one object."""

    argv: list[str]
    format: str = "text"
    timeout: float = 30.0


def read(table: Table, values: Mapping[str, object]) -> Settings:
    """Raises UsageError."""
    settings = tables.checked(table, values, Settings)
    command.read(table, {"argv": settings.argv, "timeout": settings.timeout})
    if settings.format not in ("text", "json"):
        raise UsageError(f"{table.where}format must be text or json")
    return settings


class Channel:
    """Exit status 0 told it, 65 never will, any other did not yet."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings, self._environ = settings, environ

    def tell(self, message: Message) -> None:
        """Raises NotTakenError."""
        record = {**message._asdict(), "facts": dict(message.facts), "text": message.text()}
        told = json.dumps(record) + "\n" if self._settings.format == "json" else message.text()
        environ = {**self._environ, "CODEXWRAP_ALERT": message.id}
        command.run(self._settings.argv, told.encode(), timeout=self._settings.timeout, environ=environ)
