"""Make the sinks that the config names."""

import hashlib
import importlib
import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

from codexwrap.delivery.follower import Follower, Sink
from codexwrap.errors import UsageError
from codexwrap.paths import State
from codexwrap.sinks import tables

KINDS = ("http", "command", "redis")


class Configured(NamedTuple):
    """A sink of the config: `settings` are those of its kind, `only` the types of events that it gets, by their starts."""

    name: str
    kind: str
    settings: Any
    only: tuple[str, ...]
    print: str

    def make(self, environ: Mapping[str, str]) -> Sink:
        sink: Sink = module(self.kind).Sink(self.settings, environ)
        return sink

    def follow(self, root: State, environ: Mapping[str, str]) -> Follower:
        return Follower(root, self.name, self.make(environ), only=self.only, settings=self.print)


def module(kind: str) -> ModuleType:
    """That of a kind of sink, which is imported only where it is used."""
    return importlib.import_module(f"codexwrap.sinks.{kind}")


def configured(environ: Mapping[str, str]) -> list[Configured]:
    """Raises UsageError."""
    found = []
    for table in tables.read("sinks", environ, dict.fromkeys(KINDS)):
        tables.check_names(table, (*module(table.kind).Settings._fields, "only"))
        values = dict(table.values)
        only = values.pop("only", [])
        if not isinstance(only, list) or not all(isinstance(each, str) and each for each in only):
            raise UsageError(f'{table.where}only must be a list of types of events, such as ["seat.dead", "item"]')
        settings = module(table.kind).read(table, values)
        text = json.dumps([table.kind, table.values], sort_keys=True, default=str)
        print_ = hashlib.sha256(text.encode()).hexdigest()[:16]
        starts = tuple(each.removeprefix("codexwrap.") for each in only)
        found.append(Configured(table.name, table.kind, settings, starts, print_))
    return found
