"""Records one scenario with one Codex."""

import json
import lzma
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codexwrap import cast
from codexwrap.drill import backend, codexhome, processes, talk
from codexwrap.drill.driver import Chunk, Terminal, TimeoutExpiredError
from codexwrap.drill.provider import Provider
from codexwrap.drill.tokens import Login
from tests.record import labels
from tests.record.scenarios import SCENARIOS
from tests.record.stage import NotAsPlannedError, Stage, project

_LINGER = 1.5  # seconds after the last step
_ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Europe/Berlin", "America/Los_Angeles", "Australia/Adelaide")


@dataclass(frozen=True)
class Job:
    """One recording to make: `codex` is the program, `scenario` a name, `out` the folder of recordings."""

    codex: Path
    version: str
    scenario: str
    columns: int
    lines: int
    out: Path

    @property
    def name(self) -> str:
        return f"{self.scenario}-{self.columns}x{self.lines}"

    @property
    def cast(self) -> Path:
        return self.out / self.version / f"{self.name}.cast.xz"

    @property
    def label(self) -> Path:
        return self.out / self.version / f"{self.name}.json"

    @property
    def zone(self) -> str:
        """A time zone that is always the same for this recording, and another for the next."""
        return _ZONES[sum(f"{self.version}/{self.name}".encode()) % len(_ZONES)]


def attempt(job: Job) -> tuple[str, bool]:
    """A line that says what became of a recording, and whether it was made."""
    try:
        result = record(job)
    except (NotAsPlannedError, TimeoutExpiredError, OSError) as error:
        return f"FAILED {job.version} {job.name}: {type(error).__name__}: {error}", False
    except Exception as error:  # noqa: BLE001 - one scenario that cannot be played does not stop the others
        return f"BROKEN {job.version} {job.name}: {error!r}", False
    return f"{job.version} {job.name}: {result}", True


def record(job: Job) -> str:
    """Play the scenario, write its recording and its label, and say in a line what they hold.

    Raises NotAsPlannedError, TimeoutExpiredError or OSError, and then writes nothing.
    """
    scenario = SCENARIOS[job.scenario]
    # Short and the same everywhere: its name is on the screen. As the HOME of Codex it is drawn as `~`.
    root = Path(tempfile.mkdtemp(prefix="seat-"))
    home, cwd = root / "codex", root / scenario.directory
    (root / "tmp").mkdir()
    project(cwd)
    try:
        with Provider(plan=scenario.plan) as provider:
            login = Login(plan=scenario.plan)
            provider.usage = lambda: backend.usage(provider.plan, reached=scenario.reached)
            codexhome.prepare(
                home,
                provider=provider.url,
                cwd=cwd,
                auth=scenario.auth,
                login=login,
                retries=scenario.retries,
                model=scenario.model,
                features=scenario.features,
            )
            config = home / "config.toml"
            kept = [line for line in config.read_text().splitlines() if line not in scenario.without.splitlines()]
            config.write_text("\n".join([*kept, scenario.config.replace("{provider}", provider.url)]) + "\n")
            environment = {"HOME": str(root), "TZ": job.zone, **scenario.env}
            env = codexhome.environment(
                home, provider=provider.url, temporary=root / "tmp", caller=os.environ, extra=environment
            )
            env = {name: value for name, value in env.items() if value}
            isolation = [] if scenario.daemon else codexhome.isolating_arguments(job.codex, env)

            chosen = [argument.replace("{provider}", provider.url) for argument in scenario.arguments]

            def launch(*arguments: str) -> Terminal:
                return Terminal(
                    [job.codex, *isolation, *chosen, *arguments],
                    cwd=cwd,
                    env=env,
                    columns=job.columns,
                    lines=job.lines,
                    answers=scenario.answers,
                )

            stage = Stage(provider, home, cwd, _numbers(job.version), launch, launch())
            try:
                talk.ready(stage.terminal)
                for step in scenario.steps:
                    step(stage)
                time.sleep(_LINGER)
                chunks, started, now = list(stage.terminal.chunks), stage.terminal.started, time.time()
            finally:
                stage.terminal.close()
            stage.demand(not provider.failures, f"the provider failed: {provider.failures}")
        take = Take(chunks, started, job.columns, job.lines, stage.status, stage.terminal.ended or now, env)
        label = labels.label(job.version, scenario, take, stage.episodes)
        job.cast.parent.mkdir(parents=True, exist_ok=True)
        job.cast.write_bytes(lzma.compress(take.encode(), preset=9 | lzma.PRESET_EXTREME))
        job.label.write_text(json.dumps(label, indent=1, ensure_ascii=False) + "\n")
        return f"{label['expected']['verdict']} {label['expected']['cause']}"
    finally:
        processes.end_with_variable("CODEX_HOME", str(home), grace=2)
        shutil.rmtree(root, ignore_errors=True)


@dataclass(frozen=True)
class Take:
    """What was recorded: times in seconds since the epoch, `status` where the program ended by itself."""

    chunks: list[Chunk]
    started: float
    columns: int
    lines: int
    status: int | None
    ended: float
    env: Mapping[str, str]

    def encode(self) -> bytes:
        """The recording as asciicast v3."""
        now = self.started
        encoder = cast.Encoder(lambda: now)
        env = {name: self.env[name] for name in ("TERM", "TZ") if name in self.env}
        lines = [encoder.header(cast.Header(self.columns, self.lines, timestamp=self.started, env=env))]
        for chunk in self.chunks:
            now = chunk.time
            lines.append(encoder.resize(*chunk.size) if chunk.size else encoder.output(chunk.data))
        now = self.ended
        if self.status is None:
            lines.append(encoder.mark("end"))  # it went on silently to here
        else:
            lines.append(encoder.exit(self.status if self.status >= 0 else 128 - self.status))
        return b"".join(lines)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
