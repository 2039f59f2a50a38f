import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from codexwrap import agents, checkpoint, events, journal, resuming, seats, shelf
from codexwrap.agents.look import Running
from codexwrap.config import Config
from codexwrap.events import Event
from codexwrap.feed import known
from codexwrap.feed.incidents import Incident
from codexwrap.journal import Journal
from codexwrap.keep.about import About, Scene
from codexwrap.keeper import Keeper
from codexwrap.paths import State as Root
from codexwrap.resuming import Plan
from codexwrap.story import Session
from codexwrap.verdict.causes import CAUSES, State
from codexwrap.verdict.verdict import Change, Evidence
from tests import disks, killed, repos

NOW = 1_700_000_000.0
SECRET = "sk-ant-api03-abc_DEF-123456"


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "state")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repos.make(tmp_path / "repo")
    repos.run(made, "checkout", "-q", "-b", "HWD-0373-parser")
    return made


CONFIG = Config(git_seconds=10.0)


def make(
    root: Root, cwd: Path, *, agent: Any = agents.AGENTS["codex"], config: Config = CONFIG, **about: Any
) -> Keeper:
    environ = about.pop("environ", {})
    given = {"seat": "alpha", "run": "run-1", "argv": ["codex"], "cwd": str(cwd), "pid": os.getpid(), "started": NOW}
    own = {"CODEX_HOME": str(cwd.parent / "home"), "TZ": "UTC", **environ}
    return Keeper(About(**{**given, **about}), agent, root, config, own)


def change(cause: str = "auth.token_revoked", says: str = "■ revoked", **more: Any) -> Change:
    return Change(3.0, CAUSES[cause].state, CAUSES[cause], evidence=(Evidence("screen", says),), **more)


def feed(root: Root) -> list[Event]:
    return journal.read(root.feed).events


def kinds(root: Root) -> list[str]:
    return [event.type.removeprefix("codexwrap.") for event in feed(root)]


def record(root: Root) -> dict[str, Any]:
    return seats.load(root, "alpha") or {}


SCENE = Scene(("› go on", "■ revoked"), "goon")

# --- what is posted -----------------------------------------------------------------------------------------------


def test_a_seat_that_starts_is_posted_and_kept(root: Root, repo: Path) -> None:
    make(root, repo, argv=["codex", "--api-key", "abcdef1234567", SECRET]).started()
    (started,) = feed(root)
    assert started.type == "codexwrap.seat.started"
    assert started.data["argv"] == ["codex", "--api-key", "[redacted value]", "[redacted anthropic-key]"]
    kept = record(root)
    assert (kept["state"], kept["ticket"], kept["branch"]) == ("STARTING", "HWD-0373", "HWD-0373-parser")
    assert (kept["pid"], kept["sidecar"], kept["cwd"], kept["owed"]) == (os.getpid(), os.getpid(), str(repo), [])
    assert kept["argv"] == started.data["argv"]


def test_a_death_is_checkpointed_reported_and_posted_with_all_that_others_rely_on(root: Root, repo: Path) -> None:
    keeper = make(root, repo)
    keeper.started()
    keeper.died(change(), NOW + 3, SCENE)
    assert kinds(root) == ["seat.started", "seat.dead", "item.changed"]
    _, dead, item = feed(root)
    (path,) = root.checkpoints("alpha").glob("*.json")
    expected = {
        "seat": "alpha",
        "run": "run-1",
        "state": "DEAD",
        "cause": "auth.token_revoked",
        "recoverable": "relogin",
        "resets_at": None,
        "ticket": "HWD-0373",
        "item": {"id": "HWD-0373", "from": "IN_PROGRESS", "to": "BLOCKED-on-seat-death"},
        "checkpoint": str(path),
        "session": None,
        "evidence": [{"witness": "screen", "says": "■ revoked"}],
    }
    assert {key: dead.data[key] for key in expected} == expected
    assert dead.data["remedy"].startswith("Sign in again")
    assert dead.time == events.timestamp(NOW + 3)
    assert dead.data["seen_after_ms"] > 0
    assert len(dead.data["credential"]) == 16
    assert item.data["item"] == expected["item"]
    saved = checkpoint.load(path).record
    assert (saved["trigger"], saved["cause"], saved["ticket"]) == ("DEAD", "auth.token_revoked", "HWD-0373")
    assert (saved["screen"], saved["home"]) == (list(SCENE.rows), str(repo.parent / "home"))
    kept = record(root)
    assert (kept["state"], kept["cause"], kept["checkpoint"]) == ("DEAD", "auth.token_revoked", str(path))
    assert kept["since"] == dead.time
    (report,) = root.dead_seats.iterdir()
    assert report.name == "20231114T221323-alpha.md"
    assert f"- checkpoint: {path}\n" in report.read_text()
    assert "- work item: HWD-0373\n" in report.read_text()


def test_a_stall_blocks_no_item_and_is_not_reported(root: Root, repo: Path) -> None:
    keeper = make(root, repo)
    keeper.died(change("provider.overloaded"), NOW, SCENE)
    (stalled,) = feed(root)
    assert stalled.type == "codexwrap.seat.stalled"
    assert (stalled.data["state"], stalled.data["item"]) == ("STALLED", None)
    assert Path(stalled.data["checkpoint"]).exists()
    assert not root.dead_seats.exists()
    keeper.recovered(State.IDLE, NOW + 60)
    assert kinds(root) == ["seat.stalled", "seat.alive"]


def test_a_first_sign_is_checkpointed_and_not_posted(root: Root, repo: Path) -> None:
    keeper = make(root, repo)
    before = time.time() - 1
    keeper.suspect(Change(3.0, State.SUSPECT), SCENE)
    assert feed(root) == []
    (saved,), _ = checkpoint.all_of(root, "alpha")
    assert (saved.record["trigger"], saved.record["cause"]) == ("SUSPECT", None)
    assert record(root)["state"] == "SUSPECT"
    assert before < events.epoch(record(root)["since"]) < time.time() + 1
    keeper.died(change(), before - 60, SCENE)  # it had been in sight for a minute
    assert checkpoint.all_of(root, "alpha")[0][0].record["trigger"] == "DEAD"


def test_calm_is_kept_and_not_posted(root: Root, repo: Path) -> None:
    make(root, repo).calm(State.WORKING, NOW)
    assert (feed(root), record(root)["state"]) == ([], "WORKING")


def test_without_a_ticket_there_is_no_item(root: Root, tmp_path: Path) -> None:
    keeper = make(root, tmp_path)
    keeper.died(change(), NOW, SCENE)
    keeper.recovered(State.IDLE, NOW)
    assert kinds(root) == ["seat.dead", "seat.alive"]
    assert [event.data["item"] for event in feed(root)] == [None, None]


def test_an_item_is_blocked_once_and_given_back_once(root: Root, repo: Path) -> None:
    keeper = make(root, repo)
    keeper.died(change("limit.rate"), NOW, SCENE)
    keeper.died(change("limit.usage"), NOW + 1, SCENE)
    keeper.died(change("provider.overloaded"), NOW + 2, SCENE)
    keeper.recovered(State.WORKING, NOW + 60)
    keeper.calm(State.IDLE, NOW + 61)
    assert kinds(root) == ["seat.dead", "item.changed", "seat.dead", "seat.stalled", "seat.alive", "item.changed"]
    alive, item = feed(root)[-2:]
    back = {"id": "HWD-0373", "from": "BLOCKED-on-seat-death", "to": "IN_PROGRESS"}
    assert (alive.data["item"], item.data["item"]) == (back, back)
    assert (alive.data["was"], alive.data["state"], alive.data["cause"]) == ("provider.overloaded", "WORKING", None)
    kept = record(root)
    assert (kept["state"], kept["cause"], kept["remedy"], kept["evidence"]) == ("IDLE", None, None, [])


def test_a_seat_that_recovered_needs_its_checkpoint_no_more(root: Root, repo: Path) -> None:
    keeper = make(root, repo)
    keeper.died(change(), NOW, SCENE)
    keeper.recovered(State.IDLE, NOW + 60)
    (saved,), _ = checkpoint.all_of(root, "alpha")
    assert (checkpoint.claimed(saved.path) or {})["by"] == "the seat itself, which recovered"


def test_a_seat_that_ended_keeps_what_it_died_of(root: Root, repo: Path) -> None:
    keeper = make(root, repo)
    keeper.died(change(), NOW, SCENE)
    keeper.exited(1, NOW + 60)
    exited = feed(root)[-1]
    assert (exited.type, exited.data["exit"]) == ("codexwrap.seat.exited", 1)
    kept = record(root)
    assert (kept["state"], kept["cause"], kept["exit"]) == ("EXITED", "auth.token_revoked", 1)
    assert kept["checkpoint"]


def test_a_limit_that_names_its_end_is_posted_with_it(root: Root, repo: Path) -> None:
    make(root, repo).died(change("limit.usage", until="at 11:59 PM"), NOW, SCENE)
    dead = feed(root)[0]
    assert dead.data["resets_at"] == 1_700_006_340
    assert "until the limit resets at 2023-11-14 23:59;" in dead.data["remedy"]


# --- what a run before this one left open -------------------------------------------------------------------------


def sign_in(repo: Path, *, at: float) -> None:
    file = repo.parent / "home/auth.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text("{}")
    os.utime(file, (at, at))


def open_incidents(root: Root) -> list[Incident]:
    return known.load(root).incidents.open(time.time())


def moved(root: Root) -> list[dict[str, str]]:
    return [event.data["item"] for event in feed(root) if event.type == "codexwrap.item.changed"]


BACK = {"id": "HWD-0373", "from": "BLOCKED-on-seat-death", "to": "IN_PROGRESS"}


def test_a_turn_that_ends_well_in_a_new_run_ends_what_the_run_before_it_died_of(root: Root, repo: Path) -> None:
    sign_in(repo, at=NOW - 60)
    first = make(root, repo)
    first.started()
    first.died(change(), NOW, SCENE)
    first.exited(1, NOW + 7200)
    assert len(open_incidents(root)) == 1
    sign_in(repo, at=NOW + 7300)
    second = make(root, repo, run="run-2", started=NOW + 7400)
    second.started()
    assert len(open_incidents(root)) == 1
    second.calm(State.IDLE, NOW + 7500)
    second.ended_well(NOW + 7500)
    second.ended_well(NOW + 7600)
    assert kinds(root)[3:] == ["seat.exited", "seat.started", "seat.alive", "item.changed"]
    alive = feed(root)[-2]
    dead = feed(root)[1]
    assert (alive.data["was"], alive.data["since"], alive.data["item"]) == ("auth.token_revoked", dead.time, BACK)
    assert (alive.data["state"], alive.data["cause"], alive.data["run"]) == ("IDLE", None, "run-2")
    assert alive.data["credential"] == dead.data["credential"]
    assert open_incidents(root) == []
    assert record(root)["before"] is None


def test_events_of_a_death_and_of_life_say_when_the_sign_in_was_made(root: Root, repo: Path) -> None:
    keeper = make(root, repo)
    keeper.died(change("provider.overloaded"), NOW, SCENE)
    sign_in(repo, at=NOW - 60.5)
    keeper.died(change(), NOW, SCENE)
    keeper.recovered(State.IDLE, NOW + 60)
    told = [event.data["credential_at"] for event in feed(root) if "item.changed" not in event.type]
    assert told == [None, NOW - 60.5, NOW - 60.5]
    assert len(open_incidents(root)) == 1  # a turn on the sign-in that was refused proves nothing for the others


def test_an_item_that_was_brought_back_already_is_not_brought_back_again(root: Root, repo: Path) -> None:
    make(root, repo).died(change(), NOW, SCENE)
    saved = shelf.current(root.checkpoints("alpha"))
    assert saved
    Journal(root.feed).append(*resuming.resumed(saved, Plan(["codex"], None, "")))
    second = make(root, repo, run="run-2")
    second.started()
    second.ended_well(NOW + 60)
    assert moved(root)[1:] == [BACK]
    assert feed(root)[-1].type == "codexwrap.seat.alive"
    assert feed(root)[-1].data["item"] is None


def test_what_was_left_open_outlives_runs_in_which_no_turn_ended_well(root: Root, repo: Path) -> None:
    make(root, repo).died(change(), NOW, SCENE)
    for number in (2, 3):
        idle = make(root, repo, run=f"run-{number}")
        idle.started()
        idle.calm(State.IDLE, NOW + number)
        idle.exited(0, NOW + number)
    stalls = make(root, repo, run="run-4")
    stalls.started()
    stalls.died(change("provider.overloaded"), NOW + 50, SCENE)
    stalls.ended_well(NOW + 51)
    assert kinds(root)[-1] == "seat.stalled"
    stalls.recovered(State.IDLE, NOW + 60)
    stalls.ended_well(NOW + 60)
    assert kinds(root)[-3:] == ["seat.stalled", "seat.alive", "item.changed"]
    assert moved(root)[1:] == [BACK]
    well = make(root, repo, run="run-5")
    well.started()
    well.ended_well(NOW + 70)
    assert kinds(root)[-1] == "seat.started"


def test_the_next_sidecar_of_a_run_knows_what_the_run_before_it_left_open(root: Root, repo: Path) -> None:
    make(root, repo).died(change(), NOW, SCENE)
    make(root, repo, run="run-2").started()
    other = make(root, repo, run="run-2")
    other.resume_record(record(root))
    other.ended_well(NOW + 60)
    assert kinds(root)[-2:] == ["seat.alive", "item.changed"]


def test_another_seat_that_lives_on_a_newer_sign_in_ends_the_incident(root: Root, repo: Path) -> None:
    sign_in(repo, at=NOW - 60)
    make(root, repo).died(change(), NOW, SCENE)
    other = make(root, repo, seat="beta", started=NOW + 30)
    other.started()
    other.ended_well(NOW + 60)
    assert (kinds(root)[-1], len(open_incidents(root))) == ("seat.started", 1)
    sign_in(repo, at=NOW + 90)
    other.ended_well(NOW + 120)
    assert (kinds(root)[-1], open_incidents(root)) == ("seat.alive", [])
    assert feed(root)[-1].data["was"] == "auth.token_revoked"
    other.ended_well(NOW + 180)
    assert kinds(root).count("seat.alive") == 1


def test_a_turn_that_was_begun_before_a_limit_proves_nothing(root: Root, repo: Path) -> None:
    make(root, repo).died(change("credits.workspace_depleted"), NOW, SCENE)
    make(root, repo, seat="old", started=NOW - 60).ended_well(NOW + 5)
    assert len(open_incidents(root)) == 1
    make(root, repo, seat="new", started=NOW + 60).ended_well(NOW + 65)
    assert open_incidents(root) == []


# --- the ticket ---------------------------------------------------------------------------------------------------


def test_the_ticket_that_was_given_goes_before_the_branch(root: Root, repo: Path) -> None:
    keeper = make(root, repo, ticket="GIVEN-1")
    keeper.started()
    keeper.died(change(), NOW, SCENE)
    assert {event.data["ticket"] for event in feed(root)} == {"GIVEN-1"}


def test_the_ticket_follows_the_branch_and_outlives_its_loss(root: Root, repo: Path) -> None:
    keeper = make(root, repo)
    keeper.started()
    repos.run(repo, "checkout", "-q", "-b", "HWD-0500-next")
    keeper.died(change(), NOW, SCENE)
    repos.run(repo, "checkout", "-q", "--detach")
    keeper.died(change("limit.rate"), NOW, SCENE)
    assert [event.data["ticket"] for event in feed(root)] == ["HWD-0373", "HWD-0500", "HWD-0500", "HWD-0500"]


def post(root: Root, item: str, state: str = "IN_PROGRESS", *, seat: str = "alpha") -> None:
    data = {"seat": seat, "ticket": item, "posted": True, "item": {"id": item, "from": None, "to": state}}
    Journal(root.feed).append(events.new("item.changed", seat=seat, data=data))


def test_the_ticket_is_the_item_that_the_seat_posted_last(root: Root, repo: Path) -> None:
    keeper = make(root, repo, ticket="GIVEN-1")
    keeper.started()
    post(root, "HWD-0600")
    post(root, "HWD-0601", seat="beta")
    keeper.calm(State.IDLE, NOW + 1)
    assert record(root)["ticket"] == "HWD-0600"
    post(root, "HWD-0602")
    keeper.died(change(), NOW + 2, SCENE)
    dead, item = feed(root)[-2:]
    assert (dead.data["ticket"], item.data["item"]["id"]) == ("HWD-0602", "HWD-0602")
    (saved,), _ = checkpoint.all_of(root, "alpha")
    assert saved.record["ticket"] == "HWD-0602"


def test_what_a_seat_posted_goes_before_the_branch_until_another_is_checked_out(root: Root, repo: Path) -> None:
    keeper = make(root, repo)
    keeper.started()
    post(root, "HWD-0600")
    keeper.suspect(Change(3.0, State.SUSPECT), SCENE)
    keeper.suspect(Change(4.0, State.SUSPECT), SCENE)
    assert record(root)["ticket"] == "HWD-0600"
    repos.run(repo, "checkout", "-q", "-b", "HWD-0500-next")
    keeper.suspect(Change(5.0, State.SUSPECT), SCENE)
    assert record(root)["ticket"] == "HWD-0500"
    post(root, "HWD-0600")
    keeper.calm(State.IDLE, NOW)
    assert record(root)["ticket"] == "HWD-0600"


def test_what_a_seat_posted_before_its_sidecar_was_up_counts(root: Root, repo: Path) -> None:
    root.root.mkdir()
    post(root, "HWD-0599")
    now = time.time()
    post(root, "HWD-0600")
    make(root, repo, started=now).started()
    assert feed(root)[-1].data["ticket"] == "HWD-0600"
    make(root, repo, run="run-2", started=time.time()).started()
    assert feed(root)[-1].data["ticket"] == "HWD-0373"


def test_the_next_sidecar_knows_what_the_seat_posted(root: Root, repo: Path) -> None:
    first = make(root, repo)
    first.started()
    post(root, "HWD-0600")
    first.calm(State.IDLE, NOW)
    second = make(root, repo)
    second.resume_record(record(root))
    second.died(change(), NOW, SCENE)
    assert feed(root)[-1].data["item"]["id"] == "HWD-0600"


@pytest.mark.parametrize("seat", ["alpha", "", "beta"])
@pytest.mark.parametrize("again", [False, True])
def test_an_item_that_is_done_is_not_blocked_by_a_late_death(root: Root, repo: Path, seat: str, again: bool) -> None:
    keeper = make(root, repo)
    keeper.started()
    post(root, "HWD-0373", "DONE", seat=seat)
    if again:
        keeper.calm(State.IDLE, NOW)
        keeper = make(root, repo)
        keeper.resume_record(record(root))
    keeper.died(change(), NOW, SCENE)
    keeper.recovered(State.IDLE, NOW + 1)
    assert kinds(root) == ["seat.started", "item.changed", "seat.dead", "seat.alive"]
    assert feed(root)[-2].data["item"] is None
    assert feed(root)[-2].data["ticket"] == "HWD-0373"


REVIEW = CONFIG._replace(item_on_exit="REVIEW")


def test_an_item_goes_where_it_is_configured_to_when_its_seat_ends(root: Root, repo: Path) -> None:
    keeper = make(root, repo, config=REVIEW)
    keeper.started()
    keeper.exited(0, NOW + 60)
    assert kinds(root) == ["seat.started", "seat.exited", "item.changed"]
    assert moved(root) == [{"id": "HWD-0373", "from": "IN_PROGRESS", "to": "REVIEW"}]


def test_a_death_a_restart_and_an_item_that_is_done_leave_it_where_it_is(root: Root, repo: Path) -> None:
    for run in ("dies", "restarts", "done"):
        keeper = make(root, repo, config=REVIEW, run=run, seat=run)
        keeper.started()
        if run == "dies":
            keeper.died(change("process.killed"), NOW, SCENE)
        elif run == "done":
            post(root, "HWD-0373", "DONE", seat=run)
        keeper.exited(0, NOW + 60, again=run == "restarts")
    assert [each["to"] for each in moved(root)] == ["BLOCKED-on-seat-death", "DONE"]


def test_the_last_seat_of_an_item_takes_it_where_it_is_configured_to_go(root: Root, repo: Path) -> None:
    seats_of_it = [make(root, repo, config=REVIEW, seat=name) for name in ("alpha", "beta")]
    for keeper in seats_of_it:
        keeper.started()
    seats_of_it[1].exited(0, NOW + 60)
    assert moved(root) == []
    seats_of_it[0].exited(0, NOW + 61)
    assert [each["to"] for each in moved(root)] == ["REVIEW"]


def test_the_pattern_of_a_ticket_can_be_configured(root: Root, repo: Path) -> None:
    make(root, repo, config=CONFIG._replace(ticket_pattern="pars..")).started()
    assert record(root)["ticket"] == "parser"


# --- what must not be told ----------------------------------------------------------------------------------------


def test_no_secret_is_in_anything_that_is_kept_or_posted(root: Root, repo: Path) -> None:
    rows = (f"$ echo {SECRET}", "x" * 30 + " correct-ho", "rse and more")
    keeper = make(root, repo, argv=["codex", SECRET], environ={"MY_TOKEN": "correct-horse"})
    keeper.started()
    hidden = SECRET[:10] + "\u200b" + SECRET[10:]
    keeper.died(change(says=f"\x1b[31m{hidden} and correct-horse"), NOW, Scene(rows, "x"))
    kept = "".join(path.read_text() for path in root.root.rglob("*") if path.is_file())
    assert "abc_DEF" not in kept
    assert "correct-horse" not in kept
    assert "rse and more" not in kept
    assert feed(root)[1].data["evidence"][0]["says"] == "[redacted anthropic-key] and [redacted value]"


def test_a_credential_is_the_same_for_those_who_share_it_and_tells_nobody_who_it_is(root: Root, repo: Path) -> None:
    home, link, other = repo.parent / "home", repo.parent / "link", repo.parent / "other"
    for folder, account in ((home, "acct-1"), (other, "acct-1")):
        folder.mkdir()
        (folder / "auth.json").write_text(f'{{"tokens": {{"account_id": "{account}"}}}}')
    link.symlink_to(home)

    def credential(folder: Path | str) -> str:
        keeper = make(root, repo, environ={"CODEX_HOME": str(folder)})
        keeper.died(change(), NOW, SCENE)
        return str(feed(root)[-2].data["credential"])

    first = credential(home)
    assert credential(link) == credential("../home") == first  # a relative one is the seat's, not ours
    assert credential(other) != first
    (home / "auth.json").write_text('{"tokens": {"account_id": "acct-2"}}')
    assert credential(home) != first
    (home / "auth.json").write_text("[" * 100)
    assert credential(home)
    (home / "loop").symlink_to("loop")
    assert credential(home / "loop")
    assert "acct-" not in root.feed.read_text()


# --- what cannot be learnt or written -----------------------------------------------------------------------------


class Unreadable:
    """An agent whose files of a session have become something else."""

    name, programs, home_variable, default_home = "codex", ("codex",), "CODEX_HOME", "~/.codex"
    credential_file = "auth.json"
    sign_in, new_thread = "at the seat", "/new"

    def find_session(self, seat: Running) -> Session | None:
        raise RecursionError("too deep")

    def account(self, home: Path) -> str:
        return ""


def test_a_session_that_cannot_be_read_keeps_no_death_off_the_feed(root: Root, repo: Path) -> None:
    make(root, repo, agent=Unreadable()).died(change(), NOW, SCENE)
    assert kinds(root) == ["seat.dead", "item.changed"]
    (saved,), _ = checkpoint.all_of(root, "alpha")
    assert "what was done: the session's file cannot be read (RecursionError('too deep'))" in saved.record["unknown"]


def test_a_program_that_is_no_agent_is_kept_too(root: Root, repo: Path) -> None:
    keeper = make(root, repo, agent=None, argv=["sh"])
    keeper.started()
    keeper.died(change("process.wrapper_lost"), NOW, Scene())
    keeper.exited(0, NOW)
    assert kinds(root) == ["seat.started", "seat.dead", "item.changed", "seat.exited"]
    (saved,), _ = checkpoint.all_of(root, "alpha")
    assert (saved.record["agent"], saved.record["program"], saved.record["resume"]) == ("", "sh", None)


def test_reports_go_where_the_fleet_wants_them(root: Root, repo: Path, tmp_path: Path) -> None:
    make(root, repo, config=CONFIG._replace(dead_seats="~/Desktop/fleet")).died(change(), NOW, SCENE)
    (report,) = (Path(os.environ["HOME"]) / "Desktop/fleet").iterdir()
    assert report.read_text().startswith("# Dead seat: alpha\n")
    assert not root.dead_seats.exists()


def test_a_feed_that_cannot_be_written_for_a_while_gets_everything_later_in_order(root: Root, repo: Path) -> None:
    root.feed.mkdir(parents=True)
    keeper = make(root, repo)
    keeper.started()
    keeper.died(change(), NOW, SCENE)
    keeper.recovered(State.IDLE, NOW + 60)
    assert keeper.owes
    assert len(record(root)["owed"]) == 5
    keeper.retry()
    assert keeper.owes
    root.feed.rmdir()
    keeper.retry()
    assert not keeper.owes
    assert kinds(root) == ["seat.started", "seat.dead", "item.changed", "seat.alive", "item.changed"]
    assert Path(feed(root)[1].data["checkpoint"]).exists()
    assert record(root)["owed"] == []
    keeper.retry()
    assert len(kinds(root)) == 5


def test_a_full_disk_loses_nothing(tmp_path: Path, repo: Path) -> None:
    page = os.sysconf("SC_PAGESIZE")
    with disks.small(tmp_path / "disk", options=f"size={32 * page}") as folder:
        root = Root(folder / "state")
        keeper = make(root, repo)
        keeper.started()
        with root.feed.open("ab") as file:  # no room in its last page, however large that is
            file.write(b"\n" * (-file.tell() % page))
        ballast = disks.fill(folder)
        scene = Scene(("x" * 5000,), "x")
        keeper.died(change(), NOW, scene)
        keeper.exited(1, NOW + 1)
        keeper.retry()
        assert keeper.owes
        assert kinds(root) == ["seat.started"]
        assert not list(root.root.rglob("*.tmp"))
        ballast.unlink()
        keeper.retry()
        assert not keeper.owes
        assert kinds(root) == ["seat.started", "seat.dead", "item.changed", "seat.exited"]
        (saved,), _ = checkpoint.all_of(root, "alpha")
        assert saved.record["screen"] == list(scene.rows)
        assert {event.data["checkpoint"] for event in feed(root)[1:]} == {str(saved.path)}
        (report,) = root.dead_seats.iterdir()
        assert f"- checkpoint: {saved.path}\n" in report.read_text()
        assert record(root)["checkpoint"] == str(saved.path)


def test_a_checkpoint_alone_that_cannot_be_written_keeps_no_death_off_the_feed(root: Root, repo: Path) -> None:
    root.root.mkdir()
    (root.root / "checkpoints").touch()
    keeper = make(root, repo)
    keeper.died(change(), NOW, SCENE)
    assert feed(root)[0].data["checkpoint"] is None
    assert "could not be written" in next(root.dead_seats.iterdir()).read_text()
    assert keeper.owes
    (root.root / "checkpoints").unlink()
    keeper.retry()
    assert not keeper.owes
    (saved,), _ = checkpoint.all_of(root, "alpha")
    assert record(root)["checkpoint"] == str(saved.path)
    assert str(saved.path) in next(root.dead_seats.iterdir()).read_text()


def test_a_report_that_cannot_be_written_keeps_no_death_off_the_feed(root: Root, repo: Path, tmp_path: Path) -> None:
    (tmp_path / "reports").touch()
    keeper = make(root, repo, config=CONFIG._replace(dead_seats=str(tmp_path / "reports")))
    keeper.died(change(), NOW, SCENE)
    assert kinds(root) == ["seat.dead", "item.changed"]
    assert keeper.owes
    (tmp_path / "reports").unlink()
    keeper.retry()
    assert not keeper.owes
    assert len(list((tmp_path / "reports").iterdir())) == 1


# --- the sidecar before this one ----------------------------------------------------------------------------------


def test_the_next_sidecar_goes_on_where_the_one_before_it_left_off(root: Root, repo: Path) -> None:
    first = make(root, repo)
    first.started()
    first.died(change(), NOW, SCENE)
    second = make(root, repo)
    second.resume_record(record(root))
    assert second.record["state"] == "DEAD"
    second.recovered(State.IDLE, NOW + 60)
    assert kinds(root) == ["seat.started", "seat.dead", "item.changed", "seat.alive", "item.changed"]
    assert feed(root)[3].data["ticket"] == "HWD-0373"
    (saved,), _ = checkpoint.all_of(root, "alpha")
    assert checkpoint.claimed(saved.path)


def test_the_next_sidecar_posts_what_the_one_before_it_still_owed(root: Root, repo: Path) -> None:
    root.feed.mkdir(parents=True)
    first = make(root, repo)
    first.started()
    first.died(change(), NOW, SCENE)
    root.feed.rmdir()
    second = make(root, repo)
    second.resume_record(record(root))
    assert kinds(root) == ["seat.started", "seat.dead", "item.changed"]
    assert record(root)["owed"] == []


@pytest.fixture(scope="module", params=["died", "recovered"])
def killings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Path]]:
    folder = tmp_path_factory.mktemp(request.param)
    environ = {**os.environ, "PATH": str(folder)}  # without git, which would take its time at each of them
    subprocess.run([sys.executable, "-m", "tests.killed", folder, request.param], env=environ, check=True, timeout=50)
    return request.param, sorted(folder.iterdir(), key=lambda path: int(path.name))


def test_whenever_it_is_killed_a_death_on_the_feed_has_its_checkpoint(killings: tuple[str, list[Path]]) -> None:
    program, folders = killings
    told = []
    for folder in folders:
        root = Root(folder / "state")
        found = journal.read(root.feed)
        assert found.skipped == 0
        for event in found.events:
            if event.type == "codexwrap.seat.dead":
                path = Path(event.data["checkpoint"])
                assert checkpoint.load(path).record["cause"] == "auth.token_revoked"
                assert path.with_suffix(".md").read_text()
                assert list(root.dead_seats.iterdir())
        told.append([event.type.removeprefix("codexwrap.") for event in found.events])
    already = {"died": ["seat.started"], "recovered": ["seat.started", "seat.dead", "item.changed"]}[program]
    posted = {"died": "seat.dead", "recovered": "seat.alive"}[program]
    assert len(folders) > {"died": 25, "recovered": 15}[program]  # each was one operation
    assert told[0] == already
    assert told[-1] == [*already, posted, "item.changed"]
    assert sorted(told, key=len) == told


def test_whenever_it_is_killed_the_next_sidecar_tells_it_once(killings: tuple[str, list[Path]]) -> None:
    program, folders = killings
    for folder in folders:
        root = Root(folder / "state")
        keeper = killed.keeper(folder)
        kept = record(root)
        keeper.resume_record(kept)
        # What the sidecar does when the recent output, played once more, shows what it showed.
        if program == "died" and keeper.record["state"] != "DEAD":
            keeper.died(killed.CHANGE, time.time(), killed.SCENE)
        elif program == "recovered" and keeper.record["state"] == "DEAD":
            keeper.recovered(State.IDLE, time.time())
        expected = ["seat.started", "seat.dead", "item.changed"]
        expected += ["seat.alive", "item.changed"] if program == "recovered" else []
        assert kinds(root) == expected, folder
        assert not keeper.owes
        assert record(root)["owed"] == []
        assert next(event for event in feed(root) if event.type.endswith("dead")).data["checkpoint"]
