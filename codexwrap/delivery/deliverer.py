"""Deliver until nothing is owed."""

import contextlib
import fcntl
import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from codexwrap import atomic, events, paths, wake
from codexwrap.errors import UserError
from codexwrap.paths import State

_POLL = 0.2  # seconds between two looks at the feed
_LINGER = 30.0  # seconds after the last event
_LONGEST = 60.0  # seconds between two steps of a worker, whatever it says
_AGAIN = 5.0  # seconds after a step that failed


class Worker(Protocol):
    """What follows the feed."""

    name: str
    owes: bool

    def step(self) -> float | None:
        """Do some of what is to be done; seconds after which there is more, None when only an event brings that."""

    def close(self) -> None: ...


Make = Callable[[State, Mapping[str, str]], Sequence[Worker]]


def run(root: State, environ: Mapping[str, str], make: Make, *, linger: float = _LINGER) -> bool:
    """Deliver, if nobody else does, until nothing was owed for a while. Whether it was this process that did."""
    atomic.private_dir(root.root)
    fd = os.open(root.root / wake.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, atomic.FILE_MODE)
    did = False
    try:
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return did
            did = True
            while _session(root, environ, make, linger):
                pass  # the config was changed
            before = _signs(root, environ)
            fcntl.flock(fd, fcntl.LOCK_UN)
            time.sleep(_POLL)  # who posted before the lock was free relied on this process
            if _signs(root, environ) == before:
                return did
    finally:
        os.close(fd)


def _session(root: State, environ: Mapping[str, str], make: Make, linger: float) -> bool:
    """Deliver under one config; whether to go on under another."""
    config = _signs(root, environ)[0]
    try:
        workers = make(root, environ)
    except UserError as error:
        log(root, str(error))
        return False
    if not workers:
        return False
    stop = threading.Event()
    news = [threading.Event() for _ in workers]
    threads = [
        threading.Thread(target=_work, args=(root, worker, stop, new), name=worker.name, daemon=True)
        for worker, new in zip(workers, news, strict=True)
    ]
    for thread in threads:
        thread.start()
    last, since = _signs(root, environ), time.monotonic()
    try:
        while True:
            time.sleep(_POLL)
            signs = _signs(root, environ)
            if signs != last:
                last, since = signs, time.monotonic()
                for new in news:
                    new.set()
            if signs[0] != config:
                return True
            if any(worker.owes for worker in workers):
                since = time.monotonic()
            elif time.monotonic() - since > linger:
                return False
    finally:
        stop.set()
        for new in news:
            new.set()
        for thread in threads:
            thread.join(_LONGEST)


def _work(root: State, worker: Worker, stop: threading.Event, new: threading.Event) -> None:
    wait: float | None = 0.0
    while not stop.is_set():
        new.clear()
        try:
            wait = worker.step()
        except Exception:  # noqa: BLE001 - one sink that fails is no reason for the others to stand still
            log(root, f"{worker.name}: {traceback.format_exc()}")
            wait = _AGAIN
        if wait != 0:
            new.wait(_LONGEST if wait is None else min(wait, _LONGEST))
    with contextlib.suppress(Exception):
        worker.close()


def _signs(root: State, environ: Mapping[str, str]) -> tuple[object, object]:
    """What changes when the config or the feed does."""
    return _sign(paths.config(environ)), _sign(root.feed)


def _sign(path: os.PathLike[str]) -> object:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def log(root: State, text: str) -> None:
    """Keep what went wrong: there is no terminal to tell."""
    from codexwrap.redact import redact

    said = redact.printable(redact.redact(text, redact.known_values(os.environ)), keep="\n")
    with contextlib.suppress(OSError):
        path = root.root / "delivery.log"
        fresh = os.O_TRUNC if path.exists() and path.stat().st_size > 1 << 20 else 0
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | fresh, atomic.FILE_MODE)
        with os.fdopen(fd, "w") as file:
            file.write(f"{events.timestamp(time.time())} {said}\n")
