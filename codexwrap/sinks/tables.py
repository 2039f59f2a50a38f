"""Read tables of the config."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar, get_origin, get_type_hints

from codexwrap import paths
from codexwrap.errors import UsageError, UserError

T = TypeVar("T")


class Table(NamedTuple):
    """One table `[sinks.NAME]` or `[alerts.NAME]`; `where` begins what is said of it."""

    where: str
    name: str
    kind: str
    values: Mapping[str, Any]


def read(section: str, environ: Mapping[str, str], kinds: Mapping[str, Any]) -> list[Table]:
    """The tables of a section of the config; none where there is no file. Raises UsageError."""
    try:
        path = paths.config(environ)
        values = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, UserError):
        return []
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {error}") from None
    found = values.get(section, {})
    if not isinstance(found, dict) or not all(isinstance(table, dict) for table in found.values()):
        raise UsageError(f"{path}: {section} holds tables: [{section}.NAME]")
    return [_table(f"{path}: {section}.{name}: ", name, table, kinds) for name, table in found.items()]


def _table(where: str, name: str, table: Mapping[str, Any], kinds: Mapping[str, Any]) -> Table:
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise UsageError(f"{where}kind must be one of {', '.join(kinds)}{_near(str(kind), kinds)}")
    return Table(where, name, kind, {key: value for key, value in table.items() if key != "kind"})


def check_names(table: Table, known: Iterable[str]) -> None:
    """Raises UsageError for a setting that is none of these, naming the nearest."""
    names = dict.fromkeys(known)
    for key in table.values:
        if key not in names:
            raise UsageError(f"{table.where}no setting is named {key!r}{_near(key, names)}")


def checked(table: Table, values: Mapping[str, Any], wanted: type[T]) -> T:
    """The values as a NamedTuple with these fields, of their types. Raises UsageError, naming the nearest."""
    hints = get_type_hints(wanted)
    defaults: Mapping[str, Any] = getattr(wanted, "_field_defaults", {})
    made = {}
    for key, value in values.items():
        if key not in hints:
            raise UsageError(f"{table.where}no setting is named {key!r}{_near(key, hints)}")
        kind = get_origin(hints[key]) or hints[key]
        if kind is float and type(value) is int:
            value = float(value)  # noqa: PLW2901
        if type(value) is not kind:
            raise UsageError(f"{table.where}{key} must be {_WORDS[kind]}")
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if not all(isinstance(each, str) for each in inner):
            raise UsageError(f"{table.where}{key} must hold only text in quotes")
        made[key] = value
    for key in hints:
        if key not in made and key not in defaults:
            raise UsageError(f"{table.where}{key} is missing")
    return wanted(**made)


_WORDS: Mapping[type, str] = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


def _near(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
