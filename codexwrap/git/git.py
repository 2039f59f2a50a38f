"""Run git within a deadline.

Every call is made so that it can neither disturb the user nor wait for one: no hook runs, no daemon, pager, editor,
prompt or garbage collection is started, nothing is fetched, and a refreshed index is not written back.

Of the `GIT_*` environment only what says where git and its configuration are is handed on. `GIT_DIR`,
`GIT_INDEX_FILE` and their like apply to the command that they were set for (a hook, an alias, `git rebase --exec`),
and the repository that we mean is always the one that contains the directory we were given.
"""

import contextlib
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, NamedTuple

from codexwrap.git.gitwhy import why
from codexwrap.redact.redact import printable

_KEPT = re.compile(
    r"GIT_(?:EXEC_PATH|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM|ATTR_NOSYSTEM"
    r"|CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|PARAMETERS|KEY_\d+|VALUE_\d+))"
)
_SETTINGS = (
    "core.fsmonitor=",  # empty is "none" both to those who know a daemon and to those who know only a hook
    "core.hooksPath=/dev/null",
    "core.askPass=",
    "core.safecrlf=false",  # else line ends that do not survive a round trip end the command
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
)
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "false",
    "LC_ALL": "C",
}
_OFFLINE = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1"}
_GRACE = 0.2  # between TERM, at which git removes its locks and temporary files, and KILL


class Deadline(NamedTuple):
    """A time that several calls share. `seconds` is how long it was from the start, for messages."""

    seconds: float
    at: float

    def left(self) -> float:
        """Seconds, never less than none."""
        return max(0.0, self.at - time.monotonic())

    def share(self, part: float) -> "Deadline":
        """A deadline after this part of what is left."""
        return within(self.left() * part)


def within(seconds: float) -> Deadline:
    """The deadline that ends `seconds` from now."""
    return Deadline(seconds, time.monotonic() + seconds)


class Call(NamedTuple):
    """One git command: what follows `git`, what it reads, and what is added to its environment and settings.

    `cwd` is where it runs, if not where the others do; `online` lets it fetch what a partial clone lacks.
    """

    args: Sequence[str | bytes]
    stdin: bytes = b""
    cwd: str | os.PathLike[str] | None = None
    environ: Mapping[str, str] = {}
    settings: Sequence[str] = ()
    online: bool = False


class Answer(NamedTuple):
    """What git said. `code` is None when it did not end by itself; `why` is empty, or one line on what failed."""

    code: int | None
    out: bytes = b""
    err: bytes = b""
    why: str = ""

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def line(self) -> str:
        """The output as one line of text."""
        return os.fsdecode(self.out.removesuffix(b"\n"))


def run(cwd: str | os.PathLike[str], call: Call, deadline: Deadline) -> Answer:
    """The answer to one call. Never raises."""
    return run_all(cwd, [call], deadline)[0]


def run_all(cwd: str | os.PathLike[str], calls: Sequence[Call], deadline: Deadline) -> list[Answer]:
    """The answers to calls that run at the same time in the directory `cwd`, in their order. Never raises.

    What has not answered when the deadline passes is ended with all its children, which may take 0.6 seconds more.
    """
    started = [_start(cwd if call.cwd is None else call.cwd, call) for call in calls]
    running = [each for each in started if isinstance(each, _Running)]
    try:
        _move(running, deadline)
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if slow := [each for each in running if each.open]:
                for each in slow:
                    each.end(number)
                _move(slow, within(_GRACE))
        for each in running:
            each.reap()
    return [
        each if isinstance(each, Answer) else each.answer(call, deadline)
        for each, call in zip(started, calls, strict=True)
    ]


class _Running:
    """A process that was started, its pipes, and what came out of them so far."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes) -> None:
        self.process = process
        self.stdin = memoryview(stdin)
        self.out = bytearray()
        self.err = bytearray()
        self.open = [pipe for pipe in (process.stdin, process.stdout, process.stderr) if pipe]
        self.late = False

    def move(self, pipe: IO[bytes]) -> bool:
        """Read or write what the pipe is ready for. False when that was the last of it."""
        if pipe is self.process.stdin:
            try:
                self.stdin = self.stdin[os.write(pipe.fileno(), self.stdin[:65536]) :]
            except BrokenPipeError:
                return False
            return bool(self.stdin)
        data = os.read(pipe.fileno(), 1 << 20)
        (self.out if pipe is self.process.stdout else self.err).extend(data)
        return bool(data)

    def close(self, pipe: IO[bytes]) -> None:
        self.open.remove(pipe)
        with contextlib.suppress(OSError):
            pipe.close()

    def end(self, number: signal.Signals) -> None:
        """Signal the whole group. The process was not waited for yet, so that the number is still its own."""
        self.late = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def reap(self) -> None:
        """Take the exit status. A process that cannot even be killed (it waits for a lost disk) is left behind."""
        for pipe in list(self.open):
            self.close(pipe)
        try:
            self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.end(signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_GRACE)

    def answer(self, call: Call, deadline: Deadline) -> Answer:
        code, out, err = self.process.returncode, bytes(self.out), bytes(self.err)
        if self.late:
            return Answer(None, out, err, f"git did not answer within {deadline.seconds:g} s")
        return Answer(code, out, err, why(_verb(call), code, err) if code else "")


def _start(cwd: str | os.PathLike[str], call: Call) -> _Running | Answer:
    try:
        folder = os.path.abspath(cwd)  # noqa: PTH100 - the text itself, and it may not exist
    except OSError:
        return Answer(None, why="the current directory is gone")
    settings = (word for setting in (*_SETTINGS, *call.settings) for word in ("-c", setting))
    try:
        # git itself changes to the directory: should that hang, on a lost file server, only the child hangs.
        process = subprocess.Popen(
            ["git", "-C", folder, "--no-pager", *settings, *call.args],
            cwd="/",
            env=_environ(os.environ, call),
            stdin=subprocess.PIPE if call.stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # a group to end together, and no terminal to ask questions on
        )
    except FileNotFoundError:
        return Answer(None, why="git is not installed")
    except (OSError, ValueError) as error:
        return Answer(None, why=f"git cannot be run: {printable(str(error))}")
    return _Running(process, call.stdin)


def _environ(environ: Mapping[str, str], call: Call) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if not name.startswith("GIT_") or _KEPT.fullmatch(name)}
    return {**kept, **_ENVIRONMENT, **({} if call.online else _OFFLINE), **call.environ}


def _move(running: Iterable[_Running], deadline: Deadline) -> None:
    """Feed and drain all pipes until they are closed or the deadline passes."""
    with selectors.DefaultSelector() as selector:
        for each in running:
            for pipe in each.open:
                os.set_blocking(pipe.fileno(), False)
                events = selectors.EVENT_WRITE if pipe is each.process.stdin else selectors.EVENT_READ
                selector.register(pipe.fileno(), events, (each, pipe))
        while selector.get_map() and deadline.left():
            for key, _ in selector.select(deadline.left()):
                each, pipe = key.data
                if not each.move(pipe):
                    selector.unregister(key.fd)
                    each.close(pipe)


def _verb(call: Call) -> str:
    return next((word for each in call.args if not (word := os.fsdecode(each)).startswith("-")), "")
