"""Set up the watchdog's timer."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from codexwrap import atomic
from codexwrap.errors import UserError
from codexwrap.redact.redact import printable
from codexwrap.shells import rcfile
from codexwrap.timers import cron, job, launchd, systemd

NAMES = ("systemd", "launchd", "cron")
_SECONDS = 20
_READABLE = 0o644

Commands = Iterable[Sequence[str]]


def run(name: str, every: float, *, only_print: bool, uninstall: bool) -> int:
    """`codexwrap install --timer`: 0 when what was asked for is in place, also when it was before. Raises UserError."""
    wanted = job.watchdog(os.environ, max(1, round(every)))
    if name == "cron":
        return _cron(wanted, only_print=only_print, uninstall=uninstall)
    home, user = Path.home(), os.getuid()
    if name == "systemd":
        files = systemd.files(systemd.folder(os.environ, home), wanted)
        ours: Callable[[str], bool] = lambda text: text.startswith(systemd.MARK)  # noqa: E731
        start: Commands = systemd.START
        stop: Commands = systemd.STOP
    else:
        files, ours = launchd.files(launchd.folder(home), wanted), launchd.is_ours
        start, stop = (*launchd.stop(user), *launchd.start(next(iter(files)), user)), launchd.stop(user)
    before = {path: _read(path) for path in files}
    for path, text in before.items():
        if text and not ours(text):
            raise UserError(f"{path} was not written by codexwrap: move it away first")
    if uninstall:
        return _remove(before, stop, systemd.GONE if name == "systemd" else (), only_print=only_print)
    return _put(files, before, start, only_print=only_print)


def _put(files: Mapping[Path, str], before: Mapping[Path, str], start: Commands, *, only_print: bool) -> int:
    for path, text in files.items():
        if not only_print:
            print(printable(f"{path} {'has this already' if before[path] == text else 'becomes'}:"))
        print("\n".join(("" if only_print else "  ") + printable(line, keep="\t") for line in text.splitlines()))
    if only_print:
        return 0
    try:
        for path, text in files.items():
            if before[path] != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic.write(path, text.encode())
                path.chmod(_READABLE)
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}") from None
    _do(start)
    return 0


def _remove(before: Mapping[Path, str], stop: Commands, after: Commands, *, only_print: bool) -> int:
    there = [path for path, text in before.items() if text]
    if not there:
        print("no timer of codexwrap's is set up there")
        return 0
    for path in there:
        print(printable(f"{path} {'would be' if only_print else 'is'} removed"))
    if not only_print:
        _do(stop)
        for path in there:
            path.unlink(missing_ok=True)
        _do(after)
    return 0


def _cron(wanted: job.Job, *, only_print: bool, uninstall: bool) -> int:
    if only_print and not uninstall:
        print(printable(cron.line(wanted)))
        return 0
    text = cron.read()
    block = rcfile.block(text)
    if uninstall:
        print(
            "\n".join(["the crontab loses these lines:", *block])
            if block
            else "the crontab has no lines of codexwrap's"
        )
        if block and not only_print:
            cron.write(rcfile.without(text))
        return 0
    added = rcfile.put(text, [cron.line(wanted)])
    print("the crontab has these lines already:" if added == text else "the crontab gets these lines:")
    print("\n".join(f"  {printable(line)}" for line in rcfile.block(added)))
    if added != text:
        cron.write(added)
        print("Done.")
    return 0


def _do(commands: Commands) -> None:
    """Have the system take notice; where it cannot be told now, say what is left to do."""
    for command in commands:
        if why := _failed(command):
            print(f"Note: {printable(shlex.join(command))} did not work ({printable(why)}); run it where it does.")
        else:
            print(f"Done: {printable(shlex.join(command))}")


def _failed(command: Sequence[str]) -> str:
    if shutil.which(command[0]) is None:
        return f"there is no {command[0]} here"
    try:
        answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if answer.returncode == 0 or "bootout" in command:  # nothing to be taken out is fine
        return ""
    return (answer.stderr.strip().splitlines() or [f"exit status {answer.returncode}"])[-1]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
