"""Give events to a program."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from codexwrap.errors import UsageError
from codexwrap.events import Event
from codexwrap.redact import redact
from codexwrap.sinks import tables
from codexwrap.sinks.outcome import LaterError, RefusedError, StuckError
from codexwrap.sinks.tables import Table


class Settings(NamedTuple):
    """`argv` is run once for each event, without a shell, with the event as one line of JSON on its stdin."""

    argv: list[str]
    timeout: float = 30.0


def read(table: Table, values: Mapping[str, object]) -> Settings:
    """Raises UsageError."""
    settings = tables.checked(table, values, Settings)
    if not settings.argv or not settings.argv[0] or any("\0" in word for word in settings.argv):
        raise UsageError(f"{table.where}argv must begin with a program")
    if not 0 < settings.timeout <= 3600:
        raise UsageError(f"{table.where}timeout must be more than 0 and at most 3600 (seconds)")
    return settings


class Sink:
    """Exit status 0 took the event, 65 (EX_DATAERR of sysexits.h) never will, any other did not yet."""

    batch = 1

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings, self._environ = settings, environ

    def send(self, events: Sequence[Event]) -> None:
        """Raises NotTakenError."""
        for event in events:
            run(self._settings.argv, event.to_line(), timeout=self._settings.timeout, environ=self._environ)

    def close(self) -> None:
        """Nothing stays open."""


def run(argv: Sequence[str], stdin: bytes, *, timeout: float, environ: Mapping[str, str]) -> None:
    """Run a program to its end, at most `timeout` seconds; what it started ends with it then. Raises NotTakenError."""
    known = redact.known_values(environ)
    name = redact.printable(os.path.basename(argv[0]))  # noqa: PTH119
    program = os.path.expanduser(argv[0])  # noqa: PTH111
    try:
        with subprocess.Popen(
            [program, *argv[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(environ),
            start_new_session=True,
        ) as process:
            try:
                _, told = process.communicate(stdin, timeout)
            except subprocess.TimeoutExpired:
                raise LaterError(f"{name} took more than {timeout:g} s", answered=True) from None
            finally:
                if process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
    except OSError as error:
        raise StuckError(f"{name}: {error.strerror}") from None
    if process.returncode == 0:
        return
    last = told.decode("utf-8", "replace").strip().rpartition("\n")[2][-200:]
    said = f"{name} ended with {process.returncode}{': ' if last else ''}{redact.redact(redact.printable(last), known)}"
    if process.returncode == os.EX_DATAERR:
        raise RefusedError(said)
    raise LaterError(said, answered=True)
