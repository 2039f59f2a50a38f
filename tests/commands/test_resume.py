"""`codexwrap resume`, with a program that says how it was started in place of the agent."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codexwrap import agents, checkpoint, credential, journal, paths
from codexwrap.config import Config
from codexwrap.keep import saver
from codexwrap.keep.about import About, Scene
from codexwrap.keep.capture import Camera, Why
from codexwrap.keep.witness import Told
from codexwrap.paths import State as Root
from codexwrap.story import Session, Story
from tests import repos
from tests.commandline import CODEXWRAP, Done, codexwrap, complaint, environment, program, state, until_all_free

NOW = 1_700_000_000.0
SESSION = "01a204a5-b86d-7a91-9bad-008bcf7cf2d8"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    program(tmp_path, "codex", 'pwd; for word; do printf "<%s>" "$word"; done; echo')
    home = tmp_path / "codex-home"
    folder = home / "sessions/2026/11/22"
    folder.mkdir(parents=True)
    meta = {"type": "session_meta", "payload": {"id": SESSION, "timestamp": "2026-11-22T10:00:00Z", "cwd": "/x"}}
    (folder / f"rollout-2026-11-22T10-00-00-{SESSION}.jsonl").write_text(json.dumps(meta) + "\n")
    sign_in(home, "acct-1")
    own = {"CODEX_HOME": str(home), "GIT_AUTHOR_NAME": "x", "GIT_COMMITTER_NAME": "x"}
    return environment(tmp_path, **own, CODEXWRAP_RESUME="never")


def sign_in(home: Path, account: str) -> None:
    (home / "auth.json").write_text(json.dumps({"tokens": {"account_id": account}}))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repos.make(tmp_path / "repo")
    repos.run(made, "checkout", "-q", "-b", "HWD-0373-parser")
    (made / "a").write_text("work in progress\n")
    (made / "new.txt").write_text("new\n")
    return made


def die(env: dict[str, str], cwd: Path, trigger: str = "DEAD", *, session: str | None = SESSION) -> Path:
    """A checkpoint as a seat that died in `cwd` leaves it, with its snapshot."""
    about = About("alpha", "run-1", ["codex", "-m", "x"], str(cwd), os.getpid(), NOW)
    camera = Camera(about, agents.AGENTS["codex"], Config(), env)
    told = Told(Session(session, Path("/r")) if session else None, Story(prompt="write the tests"))
    record = camera.take(Why(trigger, NOW, "auth.token_revoked"), Scene(), told, camera.look(seconds=30))
    path = checkpoint.save(state(env), record)
    saver.complete(state(env), path, Config(), env)
    return path


def resume(env: dict[str, str], *arguments: str, cwd: Path | None = None) -> Done:
    done = codexwrap("resume", *arguments, env=env, cwd=cwd or Path("/"))
    until_all_free(env)
    return done


def events(env: dict[str, str]) -> list[tuple[str, Any]]:
    return [
        (event.type, event.data)
        for event in journal.read(state(env).feed).events
        if event.type.endswith(("resumed", "changed"))
    ]


# --- which session ------------------------------------------------------------------------------------------------


def test_a_session_goes_on_by_its_id_where_it_was_with_its_options_and_its_item(
    env: dict[str, str], repo: Path
) -> None:
    path = die(env, repo)
    done = resume(env, "alpha")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{repo}\n<-m><x><resume><{SESSION}>\n"
    (resumed, data), (changed, _) = events(env)
    assert (resumed, changed) == ("codexwrap.seat.resumed", "codexwrap.item.changed")
    assert data["item"] == {"id": "HWD-0373", "from": "BLOCKED-on-seat-death", "to": "IN_PROGRESS"}
    assert (data["session"], data["checkpoint"], data["fresh"]) == (SESSION, str(path), None)


@pytest.mark.parametrize("how", ["gone", "corrupt", "never known", "another account", "asked for"])
def test_where_it_cannot_a_new_session_gets_the_hand_over(env: dict[str, str], repo: Path, how: str) -> None:
    die(env, repo, session=None if how == "never known" else SESSION)
    home = Path(env["CODEX_HOME"])
    (rollout,) = home.rglob("rollout-*")
    if how == "gone":
        rollout.unlink()
    elif how == "corrupt":
        rollout.write_bytes(b"\0" * 100)
    elif how == "another account":
        sign_in(home, "acct-2")
    done = resume(env, "alpha", *(["--fresh"] if how == "asked for" else []))
    assert done.returncode == 0
    assert f"{repo}\n<-m><x><# Hand-over of seat alpha" in done.stdout
    assert "write the tests" in done.stdout
    assert "a new session gets the checkpoint as its first prompt" in done.stderr
    assert events(env)[0][1]["session"] is None
    assert events(env)[0][1]["fresh"]


def test_an_account_that_is_not_known_is_no_other_one(env: dict[str, str], repo: Path) -> None:
    path = die(env, repo)
    (Path(env["CODEX_HOME"]) / "auth.json").unlink()
    assert f"<resume><{SESSION}>" in resume(env, "alpha").stdout
    assert checkpoint.load(path).record["account"] == credential.of("/", "acct-1")
    assert "acct-1" not in path.read_text()


# --- once ---------------------------------------------------------------------------------------------------------


def test_a_second_resume_is_refused_with_who_and_when_and_again_insists(env: dict[str, str], repo: Path) -> None:
    die(env, repo)
    env["USER"] = "somebody-else"
    assert resume(env, "alpha").returncode == 0
    said = complaint(resume(env, "alpha"), 1)
    assert said.startswith("this checkpoint was resumed already, by somebody-else on ")
    assert said.endswith("; --again resumes it once more")
    assert resume(env, "alpha", "--again").returncode == 0


def test_the_checkpoint_of_a_start_in_which_nothing_was_done_hides_no_other(env: dict[str, str], repo: Path) -> None:
    path = die(env, repo)
    die(env, repo, "START", session=None)
    assert resume(env, "alpha").returncode == 0
    assert checkpoint.claimed(path)


# --- files --------------------------------------------------------------------------------------------------------


def wipe(repo: Path) -> None:
    repos.run(repo, "reset", "-q", "--hard")
    repos.run(repo, "clean", "-qfd")


def test_files_that_are_not_as_they_were_are_told_of(env: dict[str, str], repo: Path) -> None:
    die(env, repo)
    wipe(repo)
    repos.run(repo, "checkout", "-q", "-b", "other")
    done = resume(env, "alpha")
    assert "since then branch was HWD-0373-parser, is other\n" in done.stderr
    assert "since then the files are not as the checkpoint left them (2 to bring back): --restore\n" in done.stderr
    assert not (repo / "new.txt").exists()


def test_restore_brings_them_back_and_shows_what_that_changes(env: dict[str, str], repo: Path) -> None:
    die(env, repo)
    wipe(repo)
    head, branches = repos.run(repo, "rev-parse", "HEAD"), repos.run(repo, "branch")
    done = resume(env, "alpha", "--restore")
    assert (repo / "new.txt").read_text() == "new\n"
    assert (repo / "a").read_text() == "work in progress\n"
    assert "new.txt" in done.stderr
    assert f"restored into {repo}\n" in done.stderr
    assert done.stdout.startswith(f"{repo}\n")
    assert (repos.run(repo, "rev-parse", "HEAD"), repos.run(repo, "branch")) == (head, branches)


def test_restore_of_what_is_there_does_nothing(env: dict[str, str], repo: Path) -> None:
    die(env, repo)
    done = resume(env, "alpha", "--restore")
    assert done.stderr == "codexwrap: the files are as the checkpoint left them\n"


def test_what_restoring_would_lose_stays_and_a_branch_gets_the_files(env: dict[str, str], repo: Path) -> None:
    path = die(env, repo)
    (repo / "new.txt").write_text("newer\n")
    done = resume(env, "alpha", "--restore")
    assert (repo / "new.txt").read_text() == "newer\n"
    branch = f"codexwrap/alpha/{path.stem.partition('-')[0]}"
    assert f"restored as the branch {branch}, which nothing has checked out" in done.stderr
    assert repos.run(repo, "show", f"{branch}:new.txt") == b"new\n"
    refused = resume(env, "alpha", "--again", "--restore", "--into", "tree")
    assert "it would lose new.txt" in complaint(refused, 1)
    assert len(events(env)) == 2


def test_a_worktree_gets_them_where_that_is_wanted_and_the_seat_goes_on_there(env: dict[str, str], repo: Path) -> None:
    path = die(env, repo)
    (repo / "a").write_text("something else\n")
    done = resume(env, "alpha", "--restore", "--into", "worktree")
    there = repo.with_name(f"repo-{path.stem.partition('-')[0]}")
    assert (there / "a").read_text() == "work in progress\n"
    assert done.stdout.startswith(f"{there}\n")
    assert (repo / "a").read_text() == "something else\n"


def test_a_worktree_that_was_wiped_is_made_again_with_its_files_on_its_branch(env: dict[str, str], repo: Path) -> None:
    tree = repo.with_name("tree")
    repos.run(repo, "worktree", "add", "-q", "-b", "HWD-1-x", str(tree))
    (tree / "sub").mkdir()
    (tree / "sub/work").write_text("uncommitted\n")
    die(env, tree / "sub")
    shutil.rmtree(tree)
    assert "is gone: --restore makes a worktree again" in complaint(resume(env, "alpha"), 1)
    done = resume(env, "alpha", "--restore")
    assert (tree / "sub/work").read_text() == "uncommitted\n"
    assert done.stdout.startswith(f"{tree / 'sub'}\n")
    assert repos.run(tree, "symbolic-ref", "HEAD") == b"refs/heads/HWD-1-x\n"
    assert repos.run(tree, "status", "--porcelain") == b"?? sub/\n"


def test_a_checkpoint_without_a_snapshot_is_resumed_but_not_restored(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    die(env, tmp_path / "plain")
    assert "it has no snapshot: none was to be taken there" in complaint(resume(env, "alpha", "--restore"), 1)
    assert resume(env, "alpha").returncode == 0


def test_into_goes_with_restore(env: dict[str, str]) -> None:
    assert complaint(resume(env, "alpha", "--into", "tree"), 2) == "resume: --into goes with --restore"


# --- elsewhere ----------------------------------------------------------------------------------------------------


def test_a_copied_state_root_resumes_on_another_machine_in_a_clone(
    env: dict[str, str], repo: Path, tmp_path: Path
) -> None:
    die(env, repo)
    clone = tmp_path / "clone"
    repos.run(tmp_path, "clone", "-q", str(repo), str(clone))
    shutil.copytree(tmp_path / "state", tmp_path / "copied")
    repo.rename(tmp_path / "moved-away")
    Path(env["CODEX_HOME"]).rename(tmp_path / "home-of-the-other-machine")
    env |= {
        "CODEXWRAP_HOME": str(tmp_path / "copied"),
        "CODEXWRAP_HOST": "another",
        "CODEX_HOME": str(tmp_path / "other"),
    }
    assert "is gone" in complaint(resume(env, "alpha", cwd=tmp_path), 1)
    done = resume(env, "alpha", cwd=clone)
    assert done.returncode == 0
    assert done.stdout.startswith(f"{clone}\n<-m><x><# Hand-over of seat alpha")
    assert Root(tmp_path / "copied").feed.exists()


# --- list and show ------------------------------------------------------------------------------------------------


def test_list_and_show_tell_and_start_nothing(env: dict[str, str], repo: Path) -> None:
    path = die(env, repo)
    listed = resume(env, "alpha", "--list")
    assert "auth.token_revoked" in listed.stdout
    assert json.loads(resume(env, "alpha", "--list", "--json").stdout)[0]["path"] == str(path)
    shown = resume(env, "alpha", "--show")
    assert shown.stdout == path.with_suffix(".md").read_text()
    assert json.loads(resume(env, "alpha", "--show", "--json").stdout)["snapshot"]["state"] == "taken"
    assert checkpoint.claimed(path) is None
    assert paths.state(env).root.exists()
    assert events(env) == []


def test_of_two_resumes_at_the_same_instant_one_starts(env: dict[str, str], repo: Path) -> None:
    die(env, repo)
    command = [*CODEXWRAP, "resume", "alpha"]
    started = [
        subprocess.Popen(
            command, env=env, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    outs = [process.communicate(timeout=50)[0] for process in started]
    until_all_free(env)
    assert sorted(process.returncode for process in started) == [0, 1, 1, 1]
    assert sum(b"<resume>" in out for out in outs) == 1
    assert [kind for kind, _ in events(env)].count("codexwrap.seat.resumed") == 1


def test_the_refs_of_the_repository_alone_are_enough(env: dict[str, str], repo: Path, tmp_path: Path) -> None:
    die(env, repo)
    clone = tmp_path / "clone"
    repos.run(tmp_path, "clone", "-q", "-b", "HWD-0373-parser", str(repo), str(clone))
    repos.run(clone, "fetch", "-q", "origin", "refs/codexwrap/*:refs/codexwrap/*")
    env |= {"CODEXWRAP_HOME": str(tmp_path / "empty"), "CODEX_HOME": str(tmp_path / "other")}
    assert resume(env, "alpha", "--show", cwd=clone).stdout.startswith("# Hand-over of seat alpha\n")
    done = resume(env, "alpha", "--restore", cwd=clone)
    assert (done.returncode, (clone / "new.txt").read_text()) == (0, "new\n")
    assert done.stdout.startswith(f"{clone}\n<# Hand-over of seat alpha")
    assert "write the tests" in done.stdout
    assert done.stdout.rstrip().endswith("```\n>")
    assert "Staged" not in done.stdout
    assert "no checkpoint that can be read" in complaint(resume(env, "beta", cwd=clone), 1)
