"""Turn a recording into events."""

import contextlib
import os
import select
import sys
import time
from typing import Any

from codexwrap import agents, cast, config, paths, restarting, seats
from codexwrap.agents.look import Agent
from codexwrap.cast import Header, Record
from codexwrap.keep import logs
from codexwrap.keep.about import About, Scene
from codexwrap.keep.aside import Aside
from codexwrap.keep.nurse import Nurse
from codexwrap.keep.rounds import Rounds
from codexwrap.keeper import Keeper
from codexwrap.recording import Recorder
from codexwrap.redact import redact
from codexwrap.verdict.causes import CAUSES, State
from codexwrap.verdict.headless import Headless
from codexwrap.verdict.verdict import Change, Evidence
from codexwrap.verdict.watch import Watch

_RETRY = 2.0  # seconds between two tries to post what could not be posted
_LAST_TRIES = 30  # of them, when the seat has ended and something is still owed
_REAP = 0.1  # seconds between two looks whether what saves a tree has ended
_NICE = 5

_CALM = (State.STARTING, State.IDLE, State.WORKING, State.UNKNOWN)


class Sidecar:
    """Reads what the pump hands over, on a pipe, judges it, and has the records kept.

    End of file without an exit status means that the pump was killed: the seat is lost, and that is a death, too.
    """

    def __init__(self, header: Header, first: bytes, fd: int) -> None:
        """`first` is the line that holds `header`, `fd` the pipe from which the others come."""
        self._fd = fd
        about = _about(header)
        agent = agents.of_program(about.argv[0])
        root = self._root = paths.state(os.environ)
        settings = config.load(os.environ, about.seat)
        self._keeper = Keeper(about, agent, root, settings, os.environ)
        self._aside = Aside(about, os.environ, self._keeper.learn)
        self._rounds = Rounds(self._aside, settings.checkpoint_minutes) if agent else None
        self._watch = _watch(header, agent, about) if agent else None
        self._nurse = self._with_nurse(agent, root, settings.continue_)
        self._epoch = float(header.extra.get("epoch", header.timestamp))  # of the recording's second 0
        self._start = self._epoch - time.time() + time.monotonic()
        self._ended = False
        self._dead = False
        self._well = float("-inf")  # when a turn last ended well, of those that the keeper knows of
        self._replayed: list[Change] | None = (
            None  # what old output, given once more, says; None while nothing is replayed
        )
        self._previous = _previous(root, about)
        file = root.recordings(about.seat) / f"{about.run}{f'-{os.getpid()}' if self._previous else ''}.cast"
        self._recorder = Recorder(first, file if settings.record else None)

    def _with_nurse(self, agent: Agent | None, root: paths.State, line: str) -> Nurse | None:
        watch = self._watch
        if agent is None or not isinstance(watch, Watch):
            return None
        return Nurse(self._keeper, agent, root, line, lambda: agent.look(watch.screen))

    def run(self) -> None:
        """Until the seat has ended and nothing is owed."""
        if self._previous:
            self._keeper.resume_record(self._previous)
        else:
            self._keeper.started()
        for record in self._records():
            self._take(record)
            self._save_aside()
        if not self._ended:
            self._lost()
            self._save_aside()
        self._aside.leave()
        for _ in range(_LAST_TRIES):
            if not self._keeper.owes:
                return
            time.sleep(_RETRY)
            self._keeper.retry()

    def _records(self) -> "Any":
        """The events of the pipe, and None whenever time alone may have changed something."""
        rest = b""
        now = 0.0
        os.set_blocking(self._fd, False)
        poller = select.poll()
        poller.register(self._fd, select.POLLIN)
        while True:
            patience = self._patience()
            if not poller.poll(None if patience is None else patience * 1000):
                yield None
                continue
            data = os.read(self._fd, 1 << 20)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if record := cast.parse(line):
                    self._recorder.line(line + b"\n")
                    now += record.time
                    yield record._replace(time=now)

    def _patience(self) -> float | None:
        waits = [
            self._watch.patience if self._watch else None,
            _RETRY if self._keeper.owes else None,
            _REAP if self._aside.busy else None,
            self._rounds.patience if self._rounds else None,
            self._nurse.patience if self._nurse else None,
        ]
        known = [wait for wait in waits if wait is not None]
        return min(known) if known else None

    def _save_aside(self) -> None:
        """Have savers do what takes long: what had to be told is told."""
        for path in self._keeper.take_pending():
            self._aside.complete(path)
        if self._rounds:
            self._rounds.look(State(self._keeper.record["state"]), self._scene, self._keeper.camera.witness.session)
        self._aside.poll()
        if self._nurse:
            self._nurse.visit()

    def _take(self, record: Record | None) -> None:
        if record is None:
            self._keeper.retry()
            if self._watch:
                self._act(self._watch.tick(time.monotonic() - self._start))
            return
        changes = self._watch.feed(record) if self._watch else []
        if self._nurse:
            self._nurse.drew()
        if record.code == cast.MARK and record.data == cast.REPLAY:
            self._replayed = []
        elif record.code == cast.MARK and record.data == cast.LIVE:
            self._catch_up(self._replayed or [])
            self._replayed = None
        if self._replayed is not None:
            self._replayed += changes
        elif record.code == cast.EXIT:
            self._ended = True
            # Somebody who restarts the seat ended the program: that is no death.
            asked = bool(restarting.asked(self._root, self._keeper.about.seat, self._keeper.about.run))
            self._act([] if asked else [change for change in changes if change.state is not State.EXITED])
            self._keeper.exited(int(record.data), self._epoch + record.time, again=asked)
        else:
            self._act(changes)

    def _act(self, changes: list[Change]) -> None:
        """Keep the records of what changed; of a first sign only when it is not followed by what it is the sign of."""
        for index, change in enumerate(changes):
            if change.state in (State.DEAD, State.STALLED):
                self._dead = True
                self._keeper.died(change, self._epoch + change.at, self._scene())
                self._save_unknown(change)
            elif change.state in _CALM and self._dead:
                self._dead = False
                self._keeper.recovered(change.state, self._epoch + change.at)
            elif change.state is State.SUSPECT:
                if index + 1 == len(changes):
                    self._keeper.suspect(change, self._scene())
            elif change.state in _CALM:
                self._keeper.calm(change.state, self._epoch + change.at)
        if self._watch and self._watch.well > self._well:
            self._well = self._watch.well
            self._keeper.ended_well(self._epoch + self._well)

    def _catch_up(self, replayed: list[Change]) -> None:
        """Go on where the sidecar before this one left off: tell only what it had not told."""
        record, watch = self._keeper.record, self._watch
        if watch is None:
            return
        told = str(record["cause"]) if record["state"] in (State.DEAD, State.STALLED) else None
        episode = watch.episode
        if told is None:
            self._act([episode] if episode else [])
            return
        self._dead = True
        recovered = any(change.cause is CAUSES[told] for change in replayed) and episode is None
        if recovered:
            self._act(replayed[-1:])
        elif episode is None:
            cause = CAUSES[told]
            watch.assume(Change(0.0, cause.state, cause))
        elif episode.cause is not CAUSES[told]:
            self._act([episode])

    def _save_unknown(self, change: Change) -> None:
        """Keep what led to words that nobody knows yet: rules are learnt from recordings."""
        if change.cause is CAUSES["unknown.banner"]:
            stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(self._epoch + change.at))
            folder = self._root.recordings(self._keeper.about.seat)
            self._recorder.save(folder / f"unknown-{stamp}.cast", redact.known_values(os.environ))

    def _scene(self) -> Scene:
        return Scene(self._watch.rows, self._watch.prompt) if self._watch else Scene()

    def _lost(self) -> None:
        at = time.time() - self._epoch
        evidence = (Evidence("process", "the wrapper was gone without a word"),)
        change = Change(at, State.DEAD, CAUSES["process.wrapper_lost"], evidence=evidence)
        self._keeper.died(change, self._epoch + at, self._scene())


def _watch(header: Header, agent: Agent, about: About) -> Watch | Headless:
    return Watch(header, agent) if agent.has_screen(about.argv[1:]) else Headless(agent)


def _about(header: Header) -> About:
    extra = header.extra
    return About(
        seat=str(extra["seat"]),
        run=str(extra["run"]),
        argv=[str(argument) for argument in extra["argv"]],
        cwd=str(extra["cwd"]),
        pid=int(extra["pid"]),
        started=float(extra["started"]),
        ticket=str(extra.get("ticket", "")),
    )


def _previous(root: paths.State, about: About) -> dict[str, Any] | None:
    """What a sidecar of this same run wrote before it died."""
    with contextlib.suppress(Exception):
        record = seats.load(root, about.seat)
        if record and record.get("run") == about.run:
            return record
    return None


def main() -> None:
    """Reads asciicast from stdin. Whatever goes wrong is written to the seat's folder: there is no terminal to tell."""
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    header = None
    try:
        first = b""
        while not first.endswith(b"\n"):
            if not (byte := os.read(0, 1)):
                return
            first += byte
        header, _ = cast.read([first])
        Sidecar(header, first, 0).run()
    except Exception:  # noqa: BLE001 - the last frame of this process
        if header:
            logs.crashed(paths.state(os.environ).seat(str(header.extra.get("seat", ""))))
        sys.exit(3)


if __name__ == "__main__":
    main()
