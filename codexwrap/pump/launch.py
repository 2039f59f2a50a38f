"""Find a program, name its end."""

import errno
import os
import signal
import stat
from collections.abc import Callable, Mapping
from typing import NamedTuple

from codexwrap.errors import UserError

NOT_FOUND, NOT_EXECUTABLE = 127, 126  # what a shell returns
SHELL = "/bin/sh"
RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores them; what it starts must not


class Job(NamedTuple):
    """A program to run and who is told about it: `pump.run` says what `listen`, `about` and `keys` are."""

    path: str
    argv: list[str]
    env: Mapping[str, str]
    listen: Callable[[int], int] | None
    about: Mapping[str, object]
    keys: int = -1


class CannotRunError(UserError):
    """The program cannot be started; `code` is what a shell would return."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def find(name: str, env: Mapping[str, str]) -> str:
    """The path of a program, looked for as a shell does. Raises CannotRunError."""
    folders = [f"{folder or '.'}/" for folder in env.get("PATH", os.defpath).split(":")]
    there = False
    for folder in [""] if "/" in name else folders if name else []:
        path = folder + name
        if os.access(path, os.F_OK):
            there = True
            # Not Path: importing pathlib would cost a tenth of the whole launch.
            if os.access(path, os.X_OK) and stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
                return path
    if there:
        raise CannotRunError(f"{name}: not an executable file", NOT_EXECUTABLE)
    raise CannotRunError(f"{name}: {'no such file' if '/' in name else 'command not found'}", NOT_FOUND)


def cannot_run(name: str, error: int) -> CannotRunError:
    """What to say when a file that `find` found did not start: `error` is an errno."""
    missing = error == errno.ENOENT  # of the interpreter that its first line names
    return CannotRunError(f"{name}: {os.strerror(error)}", NOT_FOUND if missing else NOT_EXECUTABLE)


def as_script(job: Job) -> list[str]:
    """The command for a file without `#!`: exec refuses it (ENOEXEC), every shell takes it as a script of its own."""
    return [SHELL, job.path, *job.argv[1:]]


def exit_code(status: int) -> int:
    """A status from waitpid as a shell gives it: 128 + n for a program that signal n ended."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def inherited() -> list[int]:
    """The descriptors beyond the standard three that whoever started us meant for the program, as in `codex <(cmd)`.

    Python opens its own so that no program inherits them.
    """
    found = []
    for name in os.listdir("/dev/fd"):  # noqa: PTH208
        fd = int(name)
        try:
            if fd > 2 and os.get_inheritable(fd):
                found.append(fd)
        except OSError:  # the one that listed the folder
            continue
    return found


def occupy_standard_streams() -> None:
    """Put /dev/null where a standard stream is closed: else the next file that is opened would become that stream."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
