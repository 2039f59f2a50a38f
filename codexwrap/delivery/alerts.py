"""Make the alerts that the config names."""

import hashlib
import importlib
import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple, Protocol

from codexwrap.alerts import rules
from codexwrap.alerts.message import Message
from codexwrap.alerts.rules import Rules
from codexwrap.sinks import tables

KINDS = ("slack", "imessage", "desktop", "command", "apprise")


class Channel(Protocol):
    """The way to a person."""

    def tell(self, message: Message) -> None:
        """Raises NotTakenError."""


class Configured(NamedTuple):
    """An alert of the config; `settings` are those of its kind."""

    name: str
    kind: str
    settings: Any
    rules: Rules
    print: str

    def make(self, environ: Mapping[str, str]) -> Channel:
        channel: Channel = module(self.kind).Channel(self.settings, environ)
        return channel


def module(kind: str) -> ModuleType:
    """That of a kind of alert, which is imported only where it is used."""
    return importlib.import_module(f"codexwrap.alerts.{kind}")


def configured(environ: Mapping[str, str]) -> list[Configured]:
    """Raises UsageError."""
    found = []
    for table in tables.read("alerts", environ, dict.fromkeys(KINDS)):
        kind = module(table.kind)
        tables.check_names(table, (*kind.Settings._fields, *Rules._fields))
        when = {key: value for key, value in table.values.items() if key in Rules._fields}
        how = {key: value for key, value in table.values.items() if key not in Rules._fields}
        checked = tables.checked(table, when, Rules)
        rules.check(table.where, checked)
        text = json.dumps([table.kind, table.values], sort_keys=True, default=str)
        print_ = hashlib.sha256(text.encode()).hexdigest()[:16]
        found.append(Configured(table.name, table.kind, kind.read(table, how), checked, print_))
    return found
