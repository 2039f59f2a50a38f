"""Tell whatever apprise knows."""

import importlib
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from codexwrap.alerts.message import Message
from codexwrap.feed.incidents import DEAD
from codexwrap.sinks import secret, tables
from codexwrap.sinks.outcome import LaterError, NoSecretError, StuckError
from codexwrap.sinks.tables import Table


class Settings(NamedTuple):
    """`url` says where the address for apprise is: most of them hold a token."""

    url: str


def read(table: Table, values: Mapping[str, object]) -> Settings:
    """Raises UsageError."""
    settings = tables.checked(table, values, Settings)
    secret.check(f"{table.where}url", settings.url)
    return settings


class Channel:
    """Some hundred services; which one, and how it is reached, is apprise's."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings, self._environ = settings, environ

    def tell(self, message: Message) -> None:
        """Raises NotTakenError."""
        try:
            apprise: Any = importlib.import_module("apprise")
        except ImportError:
            raise NoSecretError("the package apprise is not installed: pip install 'codexwrap[apprise]'") from None
        logging.getLogger("apprise").addHandler(logging.NullHandler())  # what it logs may hold the address
        notifier = apprise.Apprise()
        if not notifier.add(secret.read(self._settings.url, self._environ)):
            raise StuckError("apprise does not know this kind of address")
        kind = apprise.NotifyType.FAILURE if message.severity == DEAD else apprise.NotifyType.WARNING
        body = "\n".join(f"{name}: {value}" for name, value in message.facts)
        if not notifier.notify(title=message.title, body=body, notify_type=kind, body_format=apprise.NotifyFormat.TEXT):
            raise LaterError("apprise could not deliver it")
