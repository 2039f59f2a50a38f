import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from codexwrap import agents, events
from codexwrap.feed import gate, known
from codexwrap.feed.gate import ClosedError
from codexwrap.journal import Journal
from codexwrap.keep.about import About
from codexwrap.keep.witness import Witness
from codexwrap.paths import State
from tests.commandline import codexwrap, complaint, environment, program, until_all_free

CODEX = agents.AGENTS["codex"]


@pytest.fixture
def root(tmp_path: Path) -> State:
    return State(tmp_path / "state")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return sign_in(tmp_path / "codex", time.time() - 100)


def sign_in(home: Path, at: float) -> Path:
    home.mkdir(exist_ok=True)
    (home / "auth.json").write_text(json.dumps({"tokens": {"account_id": "acc"}}))
    os.utime(home / "auth.json", (at, at))
    return home


def die(root: State, home: Path, cause: str = "auth.token_revoked", at: float = 0, **data: Any) -> None:
    data = {"cause": cause, "credential": gate.credential(CODEX, home), **data}
    Journal(root.feed).append(events.new("seat.dead", seat="alpha", data=data, at=at or time.time()))


def alive(root: State, home: Path) -> None:
    data = {"credential": gate.credential(CODEX, home)}
    Journal(root.feed).append(events.new("seat.alive", seat="alpha", data=data))


def look(root: State, home: Path, after: float = 0) -> str:
    return gate.check(root, CODEX, home, now=time.time() + after)


def refused(root: State, home: Path, after: float = 0) -> str:
    with pytest.raises(ClosedError) as told:
        look(root, home, after)
    return str(told.value)


def test_without_a_death_every_seat_may_start(root: State, home: Path) -> None:
    assert look(root, home) == ""
    alive(root, home)
    assert look(root, home) == ""


def test_no_seat_starts_on_a_dead_credential_and_every_seat_on_another(root: State, home: Path, tmp_path: Path) -> None:
    die(root, home)
    for _ in range(2):
        told = refused(root, home)
        assert "alpha died of auth.token_revoked" in told
        assert "Sign in again" in told
        assert "--force" in told
    assert look(root, sign_in(tmp_path / "other", 0)) == ""


def test_the_code_is_that_of_what_is_unavailable() -> None:
    assert ClosedError.code == os.EX_UNAVAILABLE == 69


def test_a_turn_that_ended_well_opens_it(root: State, home: Path) -> None:
    die(root, home)
    assert refused(root, home)
    alive(root, home)
    assert look(root, home) == ""


def test_after_a_new_sign_in_one_seat_tries_it_and_the_others_start_when_that_one_lives(
    root: State, home: Path
) -> None:
    die(root, home)
    sign_in(home, time.time() + 1)
    assert "tries it first" in look(root, home)
    assert "a first seat tries" in refused(root, home, 60)
    assert look(root, home, 121) == ""


def test_a_new_sign_in_that_dies_as_well_is_closed_until_the_next(root: State, home: Path) -> None:
    die(root, home)
    sign_in(home, time.time() + 1)
    assert "tries it first" in look(root, home)
    die(root, home, at=time.time() + 2)
    assert "Sign in again" in refused(root, home, 500)
    sign_in(home, time.time() + 3)
    assert "tries it first" in look(root, home, 4)


def test_a_credential_that_is_remembered_is_that_of_the_home_as_it_is_now(
    root: State, home: Path, tmp_path: Path
) -> None:
    other = sign_in(tmp_path / "other", time.time() - 50)
    die(root, other)
    for _ in range(3):
        assert look(root, home) == ""
        assert refused(root, other)
    (other / "auth.json").write_text(json.dumps({"tokens": {"account_id": "somebody else"}}))
    os.utime(other / "auth.json", (1e9, 1e9))
    for _ in range(2):
        assert look(root, other) == ""
    (root.root / "credentials").write_bytes(b"\xff x\n1 2\n")
    assert look(root, home) == ""


def test_it_knows_a_credential_by_the_name_that_the_feed_gives_it(home: Path) -> None:
    about = About("a", "run", ["codex"], str(home.parent), os.getpid(), time.time())
    assert Witness(about, CODEX, {"CODEX_HOME": str(home)}).credential() == gate.credential(CODEX, home)


def test_a_limit_opens_by_the_clock_and_not_by_a_new_sign_in(root: State, home: Path) -> None:
    die(root, home, "limit.usage", resets_at=time.time() + 1000)
    sign_in(home, time.time() + 1)
    assert refused(root, home, 990)
    assert look(root, home, 1010) == ""


def test_a_death_of_its_own_keeps_no_seat_from_starting(root: State, home: Path) -> None:
    die(root, home, "process.crashed")
    assert look(root, home) == ""


def test_a_death_is_seen_behind_a_long_feed_and_one_that_was_set_aside(root: State, home: Path) -> None:
    log = Journal(root.feed, rotate=20_000)
    for number in range(300):
        log.append(events.new("seat.started", seat="a", data={"x": "x" * 2000}), durable=False)
        if number == 150:
            die(root, home)
        if number % 50 == 0 or number in (150, 151):
            assert bool(number >= 150) == bool(_closed(root, home))
    assert len(list(root.root.glob("feed-*.jsonl"))) > 5


def fill(root: State, many: int) -> None:
    Journal(root.feed).append(*[events.new("seat.started", seat="a", data={"x": "x" * 2000}) for _ in range(many)])


def test_a_death_far_behind_what_was_read_already_is_seen(root: State, home: Path) -> None:
    fill(root, 1)
    known.load(root)
    fill(root, 200)
    die(root, home)
    assert refused(root, home)


def test_a_death_at_the_start_of_a_feed_that_was_begun_anew_is_seen(root: State, home: Path) -> None:
    fill(root, 5)
    known.load(root)
    assert look(root, home) == ""
    root.feed.unlink()
    die(root, home)
    fill(root, 10)
    assert refused(root, home)


def _closed(root: State, home: Path) -> bool:
    try:
        look(root, home)
    except ClosedError:
        return True
    return False


@pytest.mark.parametrize(
    "spoiled", [b"", b"x", b"0 0 zz\n{}", b"1 1 00\n[", b'0 1 \n{"version":1,"incidents":[7],"cursor":[1]}']
)
def test_what_was_known_is_read_anew_where_it_is_spoiled(root: State, home: Path, spoiled: bytes) -> None:
    die(root, home)
    assert refused(root, home)
    (root.root / known.FILE).write_bytes(spoiled)
    assert refused(root, home)


def test_another_feed_in_its_place_is_read_from_its_start(root: State, home: Path) -> None:
    die(root, home)
    assert refused(root, home)
    root.feed.unlink()
    alive(root, home)
    die(root, home)
    assert refused(root, home)


def test_a_state_root_that_cannot_be_read_keeps_nobody_from_working(tmp_path: Path, home: Path) -> None:
    (tmp_path / "file").touch()
    assert look(State(tmp_path / "file"), home) == ""


# --- the command line ---------------------------------------------------------------------------------------------


def test_codexwrap_codex_says_so_and_exits_69_and_force_starts_it(tmp_path: Path, home: Path) -> None:
    env = environment(tmp_path, CODEX_HOME=str(home))
    program(tmp_path, "codex", "echo started")
    die(State(Path(env["CODEXWRAP_HOME"])), home)
    for command in (["codex"], ["--seat", "x", "codex"], ["seat", "alpha", "codex"]):
        told = complaint_of(codexwrap(*command, env=env, cwd=tmp_path), 69)
        assert "not started: alpha died of auth.token_revoked" in told
    assert codexwrap("codex", "--version", env=env, cwd=tmp_path).stdout == "started\n"
    assert codexwrap("--force", "codex", env=env, cwd=tmp_path).stdout == "started\n"
    assert codexwrap("feed", "incidents", "--close", gate.credential(CODEX, home), env=env).returncode == 0
    assert codexwrap("codex", env=env, cwd=tmp_path).stdout == "started\n"
    assert "no open incident" in complaint(codexwrap("feed", "incidents", "--close", "x", env=env), 1)
    assert codexwrap("feed", "incidents", env=env).stdout == "no incident is open\n"
    assert "somebody closed it" in codexwrap("feed", "incidents", "--all", env=env).stdout
    until_all_free(env)


def complaint_of(done: Any, code: int) -> str:
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    return str(done.stderr.splitlines()[-1])
