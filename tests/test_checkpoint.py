import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codexwrap import checkpoint, events, shelf
from codexwrap.checkpoint import Seat
from codexwrap.errors import UserError
from codexwrap.git import gitfacts
from codexwrap.paths import State
from codexwrap.story import Meta, Session, Story
from tests import disks, repos

SECRET = "sk-ant-api03-abc_DEF-123456"
STORY = Story(
    meta=Meta("id-1", "/work", "0.169.0", 0.0, "codex-tui"),
    prompt="fix the parser",
    words="I have fixed it.",
    plan=(("read", "completed"), ("write", "in_progress"), ("test", "pending")),
    actions=("exec_command: ls", "apply_patch: parser.py"),
    tokens=1234,
)
SESSION = Session("0199a213-81c0-7800-8aa1-bbab2a035a53", Path("/home/me/.codex/sessions/rollout.jsonl"))


@pytest.fixture
def root(tmp_path: Path) -> State:
    return State(tmp_path / "state")


def build(cwd: Path | str = "/nowhere", **changes: Any) -> dict[str, Any]:
    seat = Seat("alpha", "run-1", "codex", "codex", ["-m", "gpt-5"], str(cwd), "HWD-1", (), "/home/me/.codex")
    given: dict[str, Any] = {
        "trigger": "DEAD",
        "cause": "auth.token_revoked",
        "at": 1_700_000_000.0,
        "facts": gitfacts.Facts(cwd=str(cwd)),
        "story": STORY,
        "session": SESSION,
        "resume": ["resume", SESSION.id],
        "screen": ["› fix the parser", "■ dead"],
        "evidence": [{"witness": "screen", "says": "■ dead"}],
    }
    named = {name: changes.pop(name) for name in list(changes) if name in Seat._fields}
    return checkpoint.build(seat._replace(**named), **{**given, **changes})


# --- what it holds ------------------------------------------------------------------------------------------------


def test_it_holds_what_others_rely_on(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo")
    repos.write(repo, {"a.txt": "one\nmore\n", "new.txt": "x\n"})
    record = build(repo, facts=gitfacts.collect(repo))
    assert {
        name: record[name] for name in ("version", "seat", "ticket", "host", "time", "trigger", "cause", "cwd")
    } == {
        "version": 1,
        "seat": "alpha",
        "ticket": "HWD-1",
        "host": events.host(),
        "time": "2023-11-14T22:13:20.000Z",
        "trigger": "DEAD",
        "cause": "auth.token_revoked",
        "cwd": str(repo),
    }
    assert (record["git"]["root"], record["git"]["branch"]) == (str(repo), "main")
    assert record["git"]["head"] == repos.line(repo, "rev-parse", "HEAD")
    assert record["git"]["unstaged"] == {"files": 1, "insertions": 1, "deletions": 1}
    assert [file["path"] for file in record["git"]["files"]] == ["a.txt", "new.txt"]
    assert record["session"] == {"id": SESSION.id, "rollout": str(SESSION.path), "version": "0.169.0"}
    assert record["resume"] == f"codex resume {SESSION.id}"
    assert record["prompt"] == "fix the parser"
    assert record["plan"][1] == {"step": "write", "status": "in_progress"}
    assert record["actions"] == ["exec_command: ls", "apply_patch: parser.py"]
    assert record["words"] == "I have fixed it."
    assert record["screen"] == ["› fix the parser", "■ dead"]
    assert record["evidence"] == [{"witness": "screen", "says": "■ dead"}]
    assert record["unknown"] == []


def test_it_says_what_could_not_be_learnt() -> None:
    facts = gitfacts.Facts(cwd="/x", unknown=("git is not installed",))
    record = build(facts=facts, session=None, resume=None, story=Story(), unknown=["what was done: torn"])
    assert record["unknown"] == [
        "git is not installed",
        "what was done: torn",
        "the session's id: no session of the agent was found",
    ]
    assert (record["resume"], record["session"]["id"], record["prompt"]) == (None, None, "")
    assert build(session=Session("id", None))["unknown"] == ["what was done: the session's file was not found"]


def test_long_texts_are_cut() -> None:
    story = Story(
        prompt="p" * 50_000 + "END",
        words="w" * 50_000 + "END",
        actions=tuple(f"{number} " + "a" * 1000 for number in range(100)),
        plan=(("s" * 1000, "pending"),) * 200,
    )
    record = build(story=story)
    assert record["prompt"] == "p" * 4000
    assert (len(record["words"]), record["words"][-3:]) == (4000, "END")
    assert (len(record["actions"]), record["actions"][-1][:3]) == (40, "99 ")
    assert max(map(len, record["actions"])) == 300
    assert (len(record["plan"]), len(record["plan"][0]["step"])) == (100, 300)
    assert len(json.dumps(record)) < 100_000  # it is the argument of a command


# --- secrets ------------------------------------------------------------------------------------------------------


def test_secrets_are_nowhere_in_it() -> None:
    known = "correct-horse-battery"
    both = f"x {SECRET} and {known}"
    facts = gitfacts.Facts(cwd="/x", files=(gitfacts.File(both, "", "untracked"),), unknown=(both,))
    story = Story(prompt=both, words=both, plan=((both, "pending"),), actions=(both,))
    record = build(
        arguments=["--api-key", "abcdef1234567", "-c", f"token={SECRET}", both],
        known=(known,),
        facts=facts,
        story=story,
        screen=[both],
        evidence=[{"witness": "screen", "says": both}],
        resume=["-c", f"token={SECRET}", "--api-key", "abcdef1234567", "resume", SESSION.id],
        unknown=[both],
    )
    text = json.dumps(record)
    for secret in (SECRET, known, "abcdef1234567"):
        assert secret not in text
    assert text.count("[redacted anthropic-key]") >= 9


@pytest.mark.parametrize("before", range(3970, 4010, 3))
def test_a_secret_is_not_cut_open(before: int) -> None:
    known = "correct-horse-battery"
    for secret in (SECRET, known):
        story = Story(
            prompt="p" * (before - 1) + " " + secret + " and more" * 99,
            words="w" * 500 + " " + secret + " " + "w" * before,
            actions=("a" * (before - 3712) + " " + secret + "a" * 99,),
        )
        record = build(story=story, known=(known,))
        for text in (record["prompt"], record["words"], record["actions"][0]):
            assert not any(secret[at : at + 8] in text for at in range(len(secret) - 8))


def test_what_a_resume_must_find_again_is_never_redacted(tmp_path: Path, root: State) -> None:
    known = ("password1", "projects-of-mine")
    cwd = "/home/me/projects-of-mine/password1"
    facts = gitfacts.Facts(cwd=cwd, root=cwd, git_dir=f"{cwd}/.git", branch="password1", head="abc")
    session = Session("password1-session", Path(cwd, "rollout.jsonl"))
    record = build(cwd, name="password1", known=known, facts=facts, session=session, home=f"{cwd}/home")
    assert (record["seat"], record["cwd"], record["home"]) == ("password1", cwd, f"{cwd}/home")
    assert (record["git"]["root"], record["git"]["branch"]) == (cwd, "password1")
    assert record["session"] == {"id": "password1-session", "rollout": f"{cwd}/rollout.jsonl", "version": "0.169.0"}
    checkpoint.save(root, record)
    assert shelf.newest(root.checkpoints("password1"))


# --- on disk ------------------------------------------------------------------------------------------------------


def test_what_was_saved_is_loaded_as_it_was(root: State) -> None:
    record = build(story=STORY._replace(prompt="ü\udce9\n\N{SKULL}\0\u2028"), name="caf\udce9")
    path = checkpoint.save(root, record)
    assert checkpoint.load(path) == (path, record)
    assert path.parent == root.checkpoints("caf\udce9")
    assert b"\xc3\xbc" in path.read_bytes()  # for people, too
    assert path.with_suffix(".md").read_text().startswith("# Hand-over of seat caf\n")


def test_it_is_for_its_owner_only(root: State) -> None:
    before = os.umask(0)
    try:
        path = checkpoint.save(root, build())
        checkpoint.claim(path, "me")
    finally:
        os.umask(before)
    for each in (*root.root.rglob("*"), root.root):
        assert stat.S_IMODE(each.stat().st_mode) == (0o700 if each.is_dir() else 0o600), each


def test_names_tell_when_it_was_made_and_sort_in_that_order(root: State) -> None:
    # A death may have been in sight before its first sign was checkpointed.
    saved = [checkpoint.save(root, build(at=at)) for at in (1_700_000_000.0, 1_600_000_000.0, 1_650_000_000.0)]
    assert [each.path for each in checkpoint.all_of(root, "alpha")[0]] == saved[::-1]
    stamp = events.timestamp(events.made_at(checkpoint.load(saved[0]).record["id"]))
    assert saved[0].name.startswith(stamp[:19].replace("-", "").replace(":", ""))


def test_the_one_for_people_is_there_before_the_one_for_programs(root: State, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, str]] = []
    replace, sync = Path.replace, os.fsync

    def noted_replace(own: Path, to: Path) -> Path:
        done.append(("rename", to.suffix))
        return replace(own, to)

    def noted_sync(fd: int) -> None:
        done.append(("sync", os.path.basename(os.readlink(f"/proc/self/fd/{fd}"))))  # noqa: PTH115, PTH119
        sync(fd)

    monkeypatch.setattr(Path, "replace", noted_replace)
    monkeypatch.setattr(os, "fsync", noted_sync)
    checkpoint.save(root, build())
    first_md, first_json = done.index(("rename", ".md")), done.index(("rename", ".json"))
    assert first_md < first_json
    assert [what for what, _ in done[first_md - 1 :]] == ["sync", "rename", "sync", "sync", "rename", "sync"]
    # The folders are new: their names must have reached the disk as well.
    assert {name for what, name in done if what == "sync"} >= {"alpha", "checkpoints", "state", root.root.parent.name}


def test_a_full_disk_is_an_error_and_leaves_no_half_of_one(tmp_path: Path) -> None:
    with disks.small(tmp_path / "disk") as folder:
        root = State(folder)
        before = checkpoint.save(root, build())
        ballast = disks.fill(folder)
        with pytest.raises(OSError, match="No space left"):
            checkpoint.save(root, build(screen=["x" * 9000]))
        assert checkpoint.all_of(root, "alpha")[0][0].path == before
        assert not list(folder.rglob("*.tmp"))
        ballast.unlink()
        checkpoint.save(root, build())


@pytest.mark.parametrize("key", ["id", "program", "cwd", "arguments", "git", "session", "screen", "plan", "prompt"])
@pytest.mark.parametrize("value", [None, 7, [1], {"x": 1}])
def test_one_that_lacks_something_is_named_and_the_one_before_offered(root: State, key: str, value: object) -> None:
    before = checkpoint.save(root, build())
    broken = checkpoint.save(root, build())
    broken.write_text(json.dumps({**json.loads(broken.read_text()), key: value}))
    found, lines = checkpoint.all_of(root, "alpha")
    assert [each.path for each in found] == [before]
    assert lines == [f"checkpoint {broken} lacks some of what it must hold"]
    assert (shelf.newest(root.checkpoints("alpha")) or found[0]).path == before


def test_one_that_nests_too_deep_is_named(root: State) -> None:
    path = checkpoint.save(root, build())
    path.write_text("[" * 100_000)
    assert str(path) in checkpoint.all_of(root, "alpha")[1][0]


# --- git, or none -------------------------------------------------------------------------------------------------


def collected(cwd: Path, path: Path | str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("PATH", str(path))
    return build(cwd, facts=gitfacts.collect(cwd, seconds=0.5))


def test_outside_a_repository_it_says_so(tmp_path: Path, root: State) -> None:
    record = build(tmp_path, facts=gitfacts.collect(tmp_path))
    assert record["unknown"] == ["not a git repository"]
    assert "branch: none, HEAD `none`" in checkpoint.save(root, record).with_suffix(".md").read_text()


def test_without_git_branch_and_commit_are_read_from_its_files(
    tmp_path: Path, root: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = repos.make(tmp_path / "repo")
    head = repos.line(repo, "rev-parse", "HEAD")
    record = collected(repo, tmp_path / "nothing", monkeypatch)
    assert record["unknown"] == ["git is not installed"]
    assert (record["git"]["branch"], record["git"]["head"]) == ("main", head)
    assert "- changes: not known" in checkpoint.save(root, record).with_suffix(".md").read_text()


def test_with_a_git_that_hangs_it_is_there_in_time_and_says_so(
    tmp_path: Path, root: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = repos.make(tmp_path / "repo")
    (tmp_path / "bin").mkdir()
    slow = tmp_path / "bin/git"
    slow.write_text("#!/bin/sh\ntrap '' TERM\nwhile :; do /bin/sleep 1000; done\n")
    slow.chmod(0o755)
    record = collected(repo, tmp_path / "bin", monkeypatch)
    assert record["unknown"] == ["git did not answer within 0.5 s"]
    assert record["git"]["branch"] == "main"
    assert record["git"]["took_ms"] < 20_000
    checkpoint.save(root, record)


# --- one resume per checkpoint ------------------------------------------------------------------------------------

CLAIM = """
import pathlib, sys
from codexwrap import checkpoint, errors
paths = [pathlib.Path(line.rstrip("\\n")) for line in open(sys.argv[2])]
print("ready", flush=True)
sys.stdin.readline()
for path in paths:
    try:
        checkpoint.claim(path, sys.argv[1])
    except errors.UserError as error:
        print(error)
    else:
        print("won")
"""


def test_of_several_who_claim_one_at_once_exactly_one_wins_and_is_named_to_the_others(
    tmp_path: Path, root: State
) -> None:
    path = checkpoint.save(root, build())
    rounds = [path.with_name(f"20231114T221320-{number:04}.json") for number in range(300)]
    (tmp_path / "list").write_text("".join(f"{each}\n" for each in rounds))
    running = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, f"me-{number}", tmp_path / "list"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for each in running:
        assert each.stdout
        assert each.stdout.readline() == "ready\n"
    for each in running:
        assert each.stdin
        each.stdin.write("\n")
        each.stdin.flush()
    told = [each.communicate()[0].splitlines() for each in running]
    winners = set()
    for number, claimed in enumerate(rounds):
        lines = [lines[number] for lines in told]
        assert lines.count("won") == 1
        winner = f"me-{lines.index('won')}"
        winners.add(winner)
        assert (checkpoint.claimed(claimed) or {})["by"] == winner
        assert all(f"was resumed already, by {winner} at 20" in line for line in lines if line != "won")
    assert len(winners) > 1  # they did run at the same time
    assert not list(path.parent.glob(".*"))


def test_a_mark_that_cannot_be_written_is_an_error_and_no_mark(tmp_path: Path) -> None:
    with disks.small(tmp_path / "disk") as folder:
        path = checkpoint.save(State(folder), build())
        disks.fill(folder)
        with pytest.raises(OSError, match="No space left"):
            checkpoint.claim(path, "me" * 3000)
        assert checkpoint.claimed(path) is None
        checkpoint.claim_silently(path, "me" * 3000)
        assert checkpoint.claimed(path) is None


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000])
def test_a_mark_that_cannot_be_read_is_one(root: State, text: str) -> None:
    path = checkpoint.save(root, build())
    checkpoint.claim(path, "me")
    path.with_suffix(".resumed.json").write_text(text)
    assert checkpoint.claimed(path) == {}
    with pytest.raises(UserError, match="was resumed already, by somebody at some time"):
        checkpoint.claim(path, "another")
    checkpoint.claim_silently(path, "another")
