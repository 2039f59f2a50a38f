"""Record agents other than Codex."""

import fnmatch
import json
import lzma
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codexwrap.drill import processes
from codexwrap.drill.answers import Answer, Cut, Failed, HttpError, Stall, Text
from codexwrap.drill.driver import Terminal, TimeoutExpiredError, squash
from codexwrap.drill.httpd import Request
from tests.record import labels
from tests.record.recorder import Take
from tests.record.scripted import Scripted
from tests.record.stage import Episode, NotAsPlannedError, project

_LINGER = 1.5  # seconds after the last step
_ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Europe/Berlin", "America/Los_Angeles", "Australia/Adelaide")


@dataclass(frozen=True)
class Death:
    """How the provider ends a session, as tests.record.steps.Death says it of Codex."""

    cause: str
    answer: Callable[[int | None], Answer]
    says: Mapping[str, str | None]
    resets_in: int | None = None
    auth: str = "oauth"
    refresh: HttpError | None = None
    revokes: bool = False
    wait: float = 60
    by_age: bool = False


@dataclass(frozen=True)
class Scenario:
    """Steps, and how the seat is set; `retries` is how often the agent asks again, None for its own number."""

    name: str
    steps: "tuple[Step, ...]"
    auth: str = "oauth"
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    retries: int | None = 2
    answers: bool = True
    status: bool = False  # the terminal answers the question whether it shows a program's status (OSC 7501)
    settings: Mapping[str, object] = field(default_factory=dict)


class Reporting(Terminal):
    """A terminal that shows a program's status."""

    def _take(self, data: bytes) -> None:
        super()._take(data)
        if b"\x1b]7501;?" in data:
            self.send(b"\x1b]7501;?\x1b\\")


@dataclass
class Seat:
    """What steps work with. `launch` starts the agent again with other arguments."""

    guest: "Guest"
    provider: Scripted
    home: Path
    cwd: Path
    launch: Callable[..., Terminal]
    terminal: Terminal
    episodes: list[Episode] = field(default_factory=list)
    deadly: Answer | None = None

    def demand(self, what: object, why: str) -> None:
        """Raises NotAsPlannedError unless `what` is true."""
        if not what:
            raise NotAsPlannedError(f"{why}; the screen:\n{self.terminal.text()}")

    def when_answered(self, answer: Answer | None, since: int = 0) -> float | None:
        """When the first request from number `since` on was given this very answer."""
        log = self.provider.log[since:]
        return next((each.answered_at for each in log if each.answer is answer and each.answered_at), None)

    @property
    def open_episode(self) -> Episode | None:
        return next((each for each in self.episodes[-1:] if each.alive_at is None), None)


Step = Callable[[Seat], None]


class Guest:
    """How one agent is set up, started and talked to. A subclass is an agent."""

    name: str
    seat_variable: str  # an environment variable whose value no other process has

    def provider(self, scenario: Scenario) -> Scripted:
        raise NotImplementedError

    def surroundings(self, root: Path, provider: Scripted) -> AbstractContextManager[Mapping[str, str]]:
        """What else has to be there: the environment variables that lead to the provider."""
        raise NotImplementedError

    def prepare(self, home: Path, cwd: Path, scenario: Scenario) -> Mapping[str, str]:
        """Write its files; the environment variables that it needs."""
        raise NotImplementedError

    def ready(self, terminal: Terminal) -> None:
        """Until it takes prompts."""
        raise NotImplementedError

    def session(self, home: Path) -> str:
        """The id of the only session in its home."""
        raise NotImplementedError

    def sign_in(self, seat: Seat) -> None:
        """New credentials, that the provider takes."""
        raise NotImplementedError


# --- steps -----------------------------------------------------------------------------------------------------------

GOOD = Text(
    "I looked at the repo. The parser is in `src/parse.py` and its tests pass.\n\n- step one\n- step two is next"
)


def works(*answers: Answer, prompt: str = "please do the next step of the work", shows: str | None = None) -> Step:
    """A turn that ends well; its last answer is words, whose end is then on the screen."""

    def step(seat: Seat) -> None:
        script = answers or (GOOD,)
        start, last = len(seat.provider.log), script[-1]
        assert isinstance(last, Text)
        seat.provider.queue.extend(script)
        seat.terminal.type(prompt)
        patience = 60 + sum(answer.delay for answer in script)
        seat.terminal.wait_for(lambda: seat.when_answered(last, start), patience)
        seat.terminal.wait_for(shows or re.escape(squash(last.text.splitlines()[-1].strip("`*_#|>- "))[-14:]))
        seat.terminal.settle(1.5, timeout=30)
        if episode := seat.open_episode:
            episode.alive_at = seat.when_answered(last, start)

    return step


def begins_to_die(death: Death, *before: Answer, prompt: str = "and now the next step please") -> Step:
    """The beginning of a turn that the provider ends after the answers `before`."""

    def step(seat: Seat) -> None:
        resets_at = int(time.time()) + death.resets_in if death.resets_in is not None else None
        answer = seat.deadly = death.answer(resets_at)
        provider = seat.provider
        provider.queue.extend(before)
        provider.default, provider.refresh = answer, death.refresh
        if death.revokes:
            provider.rejection, provider.accepted = answer, set()
        if seat.open_episode is None:
            facts = {"auth": death.auth, **_facts(answer), "resets_at": resets_at}
            seat.episodes.append(Episode(death.cause, death.says, facts, resets_at, by_age=death.by_age))
        seat.terminal.type(prompt)

    return step


def is_dead(death: Death) -> Step:
    """The end of that turn: the provider has given its answer, and the screen tells it."""

    def step(seat: Seat) -> None:
        seat.terminal.wait_for(lambda: seat.when_answered(seat.deadly), death.wait)
        seat.terminal.wait_for("|".join(f"(?:{pattern})" for pattern in death.says), death.wait)
        seat.terminal.settle(1.0, timeout=3)
        episode = seat.episodes[-1]
        episode.error_at = episode.error_at or seat.when_answered(seat.deadly)
        seat.demand(seat.terminal.status is None, "the program has ended")

    return step


def dies(death: Death, *before: Answer, prompt: str = "and now the next step please") -> Step:
    def step(seat: Seat) -> None:
        begins_to_die(death, *before, prompt=prompt)(seat)
        is_dead(death)(seat)

    return step


def mends(answer: Answer = GOOD) -> Step:
    """The provider answers well again."""

    def step(seat: Seat) -> None:
        seat.provider.default = answer
        seat.provider.accepted = seat.provider.refresh = None
        seat.provider.queue.clear()

    return step


def signs_in() -> Step:
    """The user signs in again."""

    def step(seat: Seat) -> None:
        mends()(seat)
        seat.guest.sign_in(seat)

    return step


def again(prompt: str = "go") -> Step:
    """One more prompt into a dead session."""

    def step(seat: Seat) -> None:
        seat.terminal.type(prompt)
        time.sleep(1)
        seat.terminal.settle(1.5, timeout=30)

    return step


def replays(says: Mapping[str, str | None], *arguments: str) -> Step:
    """The agent is started again with this session, whose death it draws again. Only from here on is recorded."""

    def step(seat: Seat) -> None:
        mends()(seat)
        session = seat.guest.session(seat.home)
        seat.terminal.close()
        seat.episodes.clear()
        seat.terminal = seat.launch(*(argument.format(id=session) for argument in arguments))
        seat.guest.ready(seat.terminal)
        seat.terminal.wait_for("|".join(f"(?:{pattern})" for pattern in says), 20)
        seat.terminal.settle(1.5, timeout=20)

    return step


def starts_again(*arguments: str) -> Step:
    """A session of its own, of which alone is recorded."""

    def step(seat: Seat) -> None:
        seat.terminal.close()
        seat.episodes.clear()
        seat.terminal = seat.launch(*arguments)
        seat.guest.ready(seat.terminal)

    return step


def presses(*keys: str, shows: str | None = None) -> Step:
    """Keys, one after the other, and then, where asked for, what they bring to the screen."""

    def step(seat: Seat) -> None:
        for key in keys:
            seat.terminal.send(key)
            time.sleep(1.5)  # a lone Esc is taken for one only after a while
        if shows is not None:
            seat.terminal.wait_for(shows)
        seat.terminal.settle(0.7, timeout=5)

    return step


def types(text: str, *, enter: bool = False, shows: str | None = None) -> Step:
    def step(seat: Seat) -> None:
        seat.terminal.type(text, enter=enter)
        if shows is not None:
            seat.terminal.wait_for(shows)
        seat.terminal.settle(0.7, timeout=5)

    return step


def resizes(columns: int, lines: int) -> Step:
    def step(seat: Seat) -> None:
        seat.terminal.resize(columns, lines)
        seat.terminal.settle(1.0, timeout=5)

    return step


def answers_with(*answers: Answer) -> Step:
    """What the provider says next."""
    return lambda seat: seat.provider.queue.extend(answers)


def waits(seconds: float) -> Step:
    return lambda _: time.sleep(seconds)


def sees(pattern: str, timeout: float = 60) -> Step:
    """Demands that the squashed screen shows it."""
    return lambda seat: seat.terminal.wait_for(pattern, timeout)


def loses_network(death: Death, *, prompt: str = "and now the next step please") -> Step:
    """A turn into a network that is not there."""

    def step(seat: Seat) -> None:
        seat.provider.go_offline()
        facts = {"kind": "connection refused"}
        seat.episodes.append(Episode(death.cause, death.says, facts, error_at=time.time(), by_age=death.by_age))
        seat.terminal.type(prompt)
        seat.terminal.wait_for("|".join(f"(?:{pattern})" for pattern in death.says), death.wait)
        seat.terminal.settle(1.0, timeout=3)

    return step


def finds_network() -> Step:
    return lambda seat: seat.provider.go_online()


def _facts(answer: Answer) -> dict[str, Any]:
    """What the provider answered, in words for people and for who checks the label."""
    match answer:
        case HttpError(status=status, body=body):
            error = body.get("error") if isinstance(body, Mapping) else body
            kind = error.get("type") or error.get("status") if isinstance(error, Mapping) else None
            return {"kind": "http", "status": status, **({"type": kind} if kind else {})}
        case Failed(error=error):
            return {"kind": "error in the stream", "type": error.get("type") or error.get("status")}
        case Cut():
            return {"kind": "cut"}
        case Stall():
            return {"kind": "stall"}
        case _:
            raise TypeError(f"no death: {answer}")


# --- recording -------------------------------------------------------------------------------------------------------


ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "SHELL": "/bin/bash",
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
}


@dataclass(frozen=True)
class Job:
    """One recording to make: `program` in version `version`, into the folder `out`."""

    guest: Guest
    program: Path
    version: str
    scenario: Scenario
    columns: int
    lines: int
    out: Path

    @property
    def name(self) -> str:
        return f"{self.scenario.name}-{self.columns}x{self.lines}"

    @property
    def folder(self) -> Path:
        return self.out / f"{self.guest.name}-{self.version}"

    @property
    def label(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def zone(self) -> str:
        """A time zone that is always the same for this recording, and another for the next."""
        return _ZONES[sum(f"{self.version}/{self.name}".encode()) % len(_ZONES)]


def attempt(job: Job) -> tuple[str, bool]:
    """A line that says what became of a recording, and whether it was made."""
    try:
        return f"{job.name}: {record(job)}", True
    except (NotAsPlannedError, TimeoutExpiredError, OSError) as error:
        return f"FAILED {job.name}: {type(error).__name__}: {error}", False


def record(job: Job) -> str:
    """Play the scenario, write its recording and its label, and say in a line what they hold.

    Raises NotAsPlannedError, TimeoutExpiredError or OSError, and then writes nothing.
    """
    guest, scenario = job.guest, job.scenario
    root = Path(tempfile.mkdtemp(prefix="seat-"))
    home, cwd = root / "home", root / "project"
    home.mkdir()
    project(cwd)
    try:
        with guest.provider(scenario) as provider, guest.surroundings(root, provider) as leading:
            env = {
                **ENVIRONMENT,
                "HOME": str(root),
                "TZ": job.zone,
                **leading,
                **guest.prepare(home, cwd, scenario),
                **{name: value.replace("{provider}", provider.url) for name, value in scenario.env.items()},
            }
            env = {name: value for name, value in env.items() if value}

            def launch(*arguments: str) -> Terminal:
                argv: list[str | Path] = [job.program, *scenario.arguments, *arguments]
                size = {"columns": job.columns, "lines": job.lines}
                kind = Reporting if scenario.status else Terminal
                return kind(argv, cwd=cwd, env=env, answers=scenario.answers, **size)

            seat = Seat(guest, provider, home, cwd, launch, launch())
            try:
                guest.ready(seat.terminal)
                for step in scenario.steps:
                    step(seat)
                time.sleep(_LINGER)
                terminal, now = seat.terminal, time.time()
                take = Take(list(terminal.chunks), terminal.started, job.columns, job.lines, terminal.status, now, env)
            finally:
                seat.terminal.close()
            seat.demand(not provider.failures, f"the provider failed: {provider.failures}")
        label = labels.label(job.version, scenario, take, seat.episodes)
        label = {"agent": guest.name, "version": label.pop("codex"), **label}
        job.folder.mkdir(parents=True, exist_ok=True)
        packed = lzma.compress(take.encode(), preset=9 | lzma.PRESET_EXTREME)
        (job.folder / f"{job.name}.cast.xz").write_bytes(packed)
        job.label.write_text(json.dumps(label, indent=1, ensure_ascii=False) + "\n")
        return f"{label['expected']['verdict']} {label['expected']['cause']}"
    finally:
        processes.end_with_variable(guest.seat_variable, str(home), grace=2)
        shutil.rmtree(root, ignore_errors=True)


def main(guest: Guest, scenarios: Sequence[Scenario], arguments: Sequence[str]) -> int:
    """`PROGRAM VERSION [PATTERN [SIZES [OUT]]]`: record what is not there yet."""
    program, version, only, sizes, out = [*arguments, *("", "", "*", "80x24", "tests/recordings")[len(arguments) :]]
    failed = 0
    for job in _jobs(guest, scenarios, Path(program), version, only, sizes, Path(out)):
        line, ok = attempt(job)
        print(line, file=sys.stdout, flush=True)
        failed += not ok
    return 1 if failed else 0


def _jobs(
    guest: Guest, scenarios: Sequence[Scenario], program: Path, version: str, only: str, sizes: str, out: Path
) -> Iterator[Job]:
    for size in sizes.split(","):
        columns, lines = map(int, size.split("x"))
        for scenario in scenarios:
            job = Job(guest, program, version, scenario, columns, lines, out)
            if any(fnmatch.fnmatch(scenario.name, one) for one in only.split(",")) and not job.label.exists():
                yield job


def bearer(request: Request) -> str:
    """The credential that a request carries."""
    keys = (request.headers.get(name, "") for name in ("x-api-key", "x-goog-api-key", "authorization"))
    return next((key.removeprefix("Bearer ") for key in keys if key), "")
