"""What real versions of Codex leave behind, and what they are asked, counted as the provider counted it."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from codexwrap import credential
from codexwrap.drill import backend, codexhome, measure, refusals, run, stream
from codexwrap.drill.answers import Shell, Text
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import TICKET, Stage
from codexwrap.drill.tokens import Login
from codexwrap.paths import State
from tests.support import codex, need

VERSIONS = ("0.169.0", "0.144.6", "0.125.0", "0.98.0")
CODEXWRAP = (sys.executable, "-P", "-m", "codexwrap")


class Bench:
    """A home of Codex, a provider, and what the provider has handed out."""

    def __init__(self, folder: Path, version: str, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
        self.codex, self.provider, self.home, self.project = codex(version), provider, folder / "home", folder / "work"
        temporary = folder / "tmp"
        for each in (self.project, temporary):
            each.mkdir()
        codexhome.prepare(self.home, provider=provider.url, cwd=self.project)
        own = {"CODEXWRAP_HOME": str(folder / "state")}
        self.env: Mapping[str, str] = codexhome.environment(
            self.home, provider=provider.url, temporary=temporary, caller=os.environ, extra=own
        )
        self.billed: dict[str, int] = dict.fromkeys(("input", "cached", "output", "reasoning", "total"), 0)
        self._chance, self._patch = random.Random(version), monkeypatch

    def turn(self, *resume: str, used: int) -> None:
        """A turn of two answers, the first of which runs a command, each with the same usage."""
        read, wrote = self._chance.randrange(1000, 9000), self._chance.randrange(10, 900)
        cached, thought = self._chance.randrange(read), self._chance.randrange(wrote)
        usage = {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": cached},
            "output_tokens": wrote,
            "output_tokens_details": {"reasoning_tokens": thought},
            "total_tokens": read + wrote,
        }
        self._patch.setattr(stream, "_USAGE", usage)
        headers = refusals.limit_headers(used_percent=used, weekly_percent=41, credits_left="12.5")
        self.provider.queue.extend([Shell("ls", headers=headers), Text("Done.", headers=headers)])
        assert self.exec(*resume, "list the files") == 0
        for name, tokens in zip(self.billed, (read, cached, wrote, thought, read + wrote), strict=True):
            self.billed[name] += 2 * tokens

    def exec(self, *arguments: str) -> int:
        done = subprocess.run(
            [self.codex, "exec", "--skip-git-repo-check", *arguments],
            cwd=self.project,
            env=dict(self.env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        return done.returncode

    def session(self) -> str:
        return next((self.home / "sessions").glob("*/*/*/rollout-*.jsonl")).stem[-36:]

    def usage(self, *options: str, **env: str) -> list[dict[str, Any]]:
        done = subprocess.run(
            [*CODEXWRAP, "usage", "--json", *options],
            env={**self.env, **env},
            cwd=self.project,
            capture_output=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.mark.timeout(150)
@pytest.mark.parametrize("version", VERSIONS)
def test_tokens_and_limits_are_those_that_the_provider_told(
    version: str, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, version, provider, monkeypatch)
    bench.turn(used=17)
    bench.turn("resume", bench.session(), used=24)
    resets_at = int(time.time()) + 7000
    headers = refusals.limit_headers(used_percent=100, resets_at=resets_at)
    provider.default = refusals.usage_limit(resets_at=resets_at, headers=headers)
    assert bench.exec("resume", bench.session(), "go on") == 1
    (found,) = bench.usage()
    assert {name: found["today"][name] for name in bench.billed} == bench.billed
    assert [(each["minutes"], each["used"]) for each in found["windows"]] == [(300, 100), (10080, 40)]
    assert found["windows"][0]["resets_at"] == resets_at
    assert found["credits"] == "12.5"
    assert found["credential"] == credential.of(bench.home, Login().account)
    assert bench.usage() == [found]  # from what it remembers

    theirs = _ccusage(bench)
    assert theirs["totalTokens"] == bench.billed["total"]
    assert theirs["inputTokens"] + theirs["cacheReadTokens"] == bench.billed["input"]
    assert theirs["cacheReadTokens"] == bench.billed["cached"]
    assert theirs["outputTokens"] == bench.billed["output"]
    assert theirs["reasoningOutputTokens"] == bench.billed["reasoning"]


def _ccusage(bench: Bench) -> dict[str, int]:
    """What ccusage 20 counts in the same files."""
    need("node")
    program = Path(os.environ["CODEXWRAP_TEST_CODEX"], "ccusage/node_modules/.bin/ccusage")
    if not program.exists():
        pytest.skip("ccusage is not installed in CODEXWRAP_TEST_CODEX/ccusage")
    done = subprocess.run(
        [program, "codex", "session", "--json", "--offline"], env=dict(bench.env), capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    totals: dict[str, int] = json.loads(done.stdout)["totals"]
    return totals


@pytest.mark.timeout(60)
@pytest.mark.parametrize("version", ["0.169.0", "0.144.6"])
def test_a_fork_is_billed_for_what_it_adds(
    version: str, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, version, provider, monkeypatch)
    with _Server(bench) as server:
        thread = server.call("thread/start", cwd=str(bench.project))["thread"]["id"]
        server.turn(thread)
        server.turn(thread)
        fork = server.call("thread/fork", threadId=thread)["thread"]["id"]
        server.turn(fork)
    assert len(list(bench.home.glob("sessions/*/*/*/*.jsonl"))) == 2
    (found,) = bench.usage()
    assert found["today"]["total"] == 3 * 1240


class _Server:
    """`codex app-server`, as an editor drives it."""

    def __init__(self, bench: Bench) -> None:
        self._child = subprocess.Popen(
            [bench.codex, "app-server"],
            cwd=bench.project,
            env=dict(bench.env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._number = 0

    def __enter__(self) -> Self:
        self.call("initialize", clientInfo={"name": "test", "version": "1"})
        return self

    def __exit__(self, *_: object) -> None:
        with self._child:
            assert self._child.stdin
            self._child.stdin.close()
            self._child.wait(20)

    def call(self, method: str, **params: object) -> dict[str, Any]:
        self._number += 1
        assert self._child.stdin
        self._child.stdin.write(json.dumps({"id": self._number, "method": method, "params": params}) + "\n")
        self._child.stdin.flush()
        result: dict[str, Any] = self._until(lambda message: message.get("id") == self._number)["result"]
        return result

    def turn(self, thread: str) -> None:
        self.call("turn/start", threadId=thread, input=[{"type": "text", "text": "go on"}])
        self._until(lambda message: message.get("method") == "turn/completed")

    def _until(self, fits: Any) -> dict[str, Any]:
        assert self._child.stdout
        return next(message for line in self._child.stdout if fits(message := json.loads(line)))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("version", ["0.169.0", "0.144.6", "0.125.0", "0.98.0"])
def test_the_app_server_is_asked_where_the_user_lets_it(
    version: str, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, version, provider, monkeypatch)
    path = f"{bench.codex.parent}:{bench.env['PATH']}"
    provider.usage = lambda: backend.usage("plus", used_percent=44)
    assert bench.usage(PATH=path) == []
    assert provider.log == []
    asked = bench.usage("--ask", PATH=path)
    (found,) = asked
    assert (found["plan"], found["credits"]) == ("plus", "none")
    assert [(each["minutes"], each["used"]) for each in found["windows"]] == [(300, 44), (10080, 10)]
    assert bench.usage(PATH=path) == asked  # it is remembered
    provider.usage = lambda: backend.usage("plus", used_percent=55)
    (found,) = bench.usage(PATH=path, CODEXWRAP_APP_SERVER="yes")
    assert found["windows"][0]["used"] == 55


@pytest.mark.timeout(120)
def test_tokens_of_a_seat_are_its_items_and_its_death_is_in_the_report() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        with stage.seat("alpha") as terminal:
            run.first_turn(terminal, provider)
            refused = refusals.usage_limit(headers=refusals.limit_headers(used_percent=100))
            provider.default = refused
            terminal.type("go on")
            assert measure.wait_for_event(State(stage.state), "seat.dead", 30)
        shown = subprocess.run([*CODEXWRAP, "usage"], env=dict(stage.environ), cwd=stage.project, capture_output=True)
        assert shown.stderr == b""
        lines = shown.stdout.decode().splitlines()
        (row,) = (line.split() for line in lines if "alpha" in line)
        assert row[1:3] == ["alpha", TICKET]
        assert any(line.split()[1:5] == ["5", "h", "100", "%"] for line in lines)
        told = subprocess.run([*CODEXWRAP, "report", "--json"], env=dict(stage.environ), capture_output=True)
        report = json.loads(told.stdout)
        assert [(row["name"], row["dead"], row["open"]) for row in report["causes"]] == [
            ("limit.usage", 1, 0)
        ]  # it was ended
        assert [(each["item"], each["still"]) for each in report["blocked"]] == [(TICKET, True)]
        assert report["total"]["detect"]["number"] == 1
