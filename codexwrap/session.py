"""Run one seat from start to end."""

import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, NoReturn

from codexwrap import agents, config, paths, restarting, seats
from codexwrap.agents.look import Agent
from codexwrap.errors import UserError
from codexwrap.feed import gate as feed_gate
from codexwrap.pump import launch, pump


class Options(NamedTuple):
    """What stands before the program's name."""

    seat: str = ""
    ticket: str = ""
    force: bool = False


Offer = Callable[[str, config.Config, Agent | None, Sequence[str]], int | None]


def run(
    options: Options,
    argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    gate: bool = False,
    offer: Offer | None = None,
) -> int:
    """Run a program as a seat; returns its exit status as a shell gives it. Raises UserError before it starts.

    `gate` keeps it from starting while its credential is known to be dead; whoever resumes a seat knows. `offer` is given
    the seat's name, its settings, the agent and the command, and may run something else in its place.
    """
    agent = agents.of_program(argv[0])
    if agent and not agent.starts_session(argv[1:]):
        _become(argv, environ)
    settings = config.load(environ, options.seat)
    launch.find(argv[0], environ)
    launch.occupy_standard_streams()  # else the lock's file might become one of them
    cwd = directory()
    wanted = options.seat or settings.seat or os.path.basename(cwd) or "seat"  # noqa: PTH119
    if not options.seat:
        settings = config.load(environ, wanted)
    if offer and not options.force and (status := offer(wanted, settings, agent, argv)) is not None:
        return status
    if agent and gate and not options.force:
        _pass_gate(agent, settings.isolate, wanted, environ, cwd)
    try:
        state = paths.state(environ)
        name, lock = _hold(state, wanted, share=options.force)
    except OSError as error:
        return _run_unwatched(f"{state.root} cannot be written ({error.strerror})", argv, environ)
    except UserError as error:
        return _run_unwatched(str(error), argv, environ)
    if settings.isolate:
        argv, environ = _keep_apart(settings.isolate, state, name, agent, argv, environ)
    keys = _open_keys(state, name) if settings.continue_ and lock else -1
    held = lock.fd if lock else None
    watching = _environment(environ, state)
    while True:
        run_id = f"{time.time_ns() // 1000:014x}-{os.getpid()}"
        about = {
            "seat": name,
            "run": run_id,
            "cwd": cwd,
            "started": time.time(),
            "ticket": options.ticket or settings.ticket,
        }
        status = pump.run(argv, environ, listen=lambda _pid: _start_sidecar(watching, held), about=about, keys=keys)
        request = restarting.asked(state, name, run_id)
        if request is None:
            return status
        restarting.clean_terminal()
        if agent:
            argv = [argv[0], *agent.resume(argv[1:], request.session)]
            argv = argv if request.session else argv[:-2]


def _keep_apart(
    how: str, state: paths.State, name: str, agent: Agent | None, argv: Sequence[str], environ: Mapping[str, str]
) -> tuple[Sequence[str], Mapping[str, str]]:
    from codexwrap import isolation  # few want it

    if how == "process":
        apart = isolation.of_process(agent, argv, environ)
    else:
        apart = isolation.of_home(state, name, agent, argv, environ)
    for line in apart.told:
        print(f"codexwrap: {line}", file=sys.stderr)
    return apart.argv, apart.environ


def _open_keys(state: paths.State, name: str) -> int:
    """A pipe, for this user only, from which the pump types what `continue` says; -1 where there can be none."""
    path = state.keys(name)
    try:
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)  # for both: so it never ends
    except OSError as error:
        print(f"codexwrap: nothing can be typed into this seat ({error.strerror})", file=sys.stderr)
        return -1


def _pass_gate(agent: Agent, isolate: str, name: str, environ: Mapping[str, str], cwd: str) -> None:
    home = agents.home(agent, environ, cwd)
    try:
        state = paths.state(environ)
        if isolate == "home":
            from codexwrap import isolation

            home = isolation.home(state, name)
        told = feed_gate.check(state, agent, home, now=time.time())
    except feed_gate.ClosedError:
        raise
    except UserError:  # there is no state root: what runs unwatched is told so
        return
    if told:
        print(f"codexwrap: {told}", file=sys.stderr)


def _become(argv: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Be the program: there is nothing to watch. Raises CannotRunError."""
    job = launch.Job(launch.find(argv[0], environ), list(argv), dict(environ), None, {})
    for number in launch.RESTORED:
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execve(job.path, job.argv, job.env)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise launch.cannot_run(argv[0], error.errno or errno.EACCES) from None
        os.execve(launch.SHELL, launch.as_script(job), job.env)


def _run_unwatched(why: str, argv: Sequence[str], environ: Mapping[str, str]) -> int:
    from codexwrap.redact.redact import printable

    print(f"codexwrap: {printable(why)}: this seat runs unwatched", file=sys.stderr)
    return pump.run(argv, environ)


def _hold(state: paths.State, wanted: str, *, share: bool) -> tuple[str, seats.Lock | None]:
    """The name under which the seat runs: the wanted one, or, where another wrapper holds that, the next that is free."""
    try:
        return wanted, seats.hold(state, wanted)
    except seats.HeldError as held:
        if share:
            return wanted, None
        for number in range(2, 1000):
            name = f"{wanted}-{number}"
            try:
                lock = seats.hold(state, name)
            except seats.HeldError:
                continue
            print(
                f"codexwrap: seat {wanted!r} is held by {held.by}: this one runs as {name!r} (--force shares the name)",
                file=sys.stderr,
            )
            return name, lock
        raise


def directory() -> str:
    """The current directory, by name where it is gone."""
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:  # somebody removed it
        return os.environ.get("PWD", "/")


def _environment(environ: Mapping[str, str], state: paths.State) -> dict[str, str]:
    """That of the sidecar, which works in no directory of the user's: relative paths would mean others there."""
    own = {**environ, "CODEXWRAP_HOME": os.fspath(state.root)}
    if environ.get("CODEXWRAP_CONFIG"):
        own["CODEXWRAP_CONFIG"] = os.fspath(paths.config(environ))
    return own


def _start_sidecar(environ: Mapping[str, str], lock: int | None) -> int:
    """Start the process that watches, in a session of its own; the write end of its pipe."""
    read, write = os.pipe()
    first = os.fork()
    if first:
        os.close(read)
        os.waitpid(first, 0)
        return write
    try:
        os.setsid()
        if os.fork():  # the grandchild belongs to nobody: nobody has to wait for it
            os._exit(0)
        null = os.open(os.devnull, os.O_RDWR)
        for fd, target in ((read, 0), (null, 1), (null, 2)):
            os.dup2(fd, target)
        if lock is not None:
            os.set_inheritable(lock, True)
        os.chdir("/")
        os.execve(sys.executable, [sys.executable, "-P", "-m", "codexwrap.sidecar"], dict(environ))
    finally:
        os._exit(127)
