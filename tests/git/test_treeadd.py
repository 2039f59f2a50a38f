import os
import stat
import sys
from pathlib import Path

import pytest

from codexwrap.git import snapshot
from codexwrap.git.snapshot import NoSnapshot, Snapshot
from codexwrap.git.treesort import Note
from tests import repos

REF = "refs/codexwrap/seat/1"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository whose *.big files go through the filter big, which a test sets up."""
    root = repos.make(tmp_path / "repo", {".gitattributes": "*.big filter=big\n", "a.txt": "one\n"})
    repos.write(root, {"1.big": "content\n", "2.big": "more\n", "a.txt": "two\n"})
    return root


def set_up(repo: Path, **settings: str) -> None:
    for name, value in settings.items():
        repos.run(repo, "config", f"filter.big.{name}", value)


def take(repo: Path, *, seconds: float = 30) -> Snapshot:
    before = repos.picture(repo)
    taken = snapshot.take(repo, REF, message="", seconds=seconds)
    assert isinstance(taken, Snapshot), taken
    assert repos.picture(repo) == before
    assert repos.run(repo, "fsck", "--strict", "--no-dangling", "--no-progress") == b""
    return taken


def contents(repo: Path) -> dict[bytes, bytes]:
    return {path: text for path, (_, text) in repos.tree(repo, REF).items()}


RAW = {b".gitattributes": b"*.big filter=big\n", b"1.big": b"content\n", b"2.big": b"more\n", b"a.txt": b"two\n"}


def notes(says: str) -> tuple[Note, ...]:
    return Note("1.big", says), Note("2.big", says)


def test_a_filter_is_applied_as_git_does(repo: Path) -> None:
    set_up(repo, clean="tr a-z A-Z", required="true")
    taken = take(repo)
    assert contents(repo) == RAW | {b"1.big": b"CONTENT\n", b"2.big": b"MORE\n"}
    assert taken.notes == ()


def test_a_filter_that_is_not_set_up_is_named(repo: Path) -> None:
    taken = take(repo)
    assert contents(repo) == RAW
    assert taken.notes == notes("the filter big is not set up")


@pytest.mark.parametrize("required", ["true", "false"])
@pytest.mark.parametrize("command", ["git-big-is-not-installed", "false"])
def test_a_filter_that_fails_is_done_without(repo: Path, command: str, required: str) -> None:
    set_up(repo, clean=command, required=required)
    taken = take(repo)
    assert contents(repo) == RAW
    assert sorted(taken.notes) == [*notes("the filter big fails")]
    assert taken.skipped == ()


@pytest.mark.parametrize("required", ["true", "false"])
def test_a_filter_that_is_a_process_and_missing_is_done_without(repo: Path, required: str) -> None:
    set_up(repo, process="git-big-is-not-installed", required=required)
    taken = take(repo)
    assert contents(repo) == RAW
    assert sorted(taken.notes) == [*notes("the filter big fails")]


def test_a_filter_that_hangs_is_done_without(repo: Path) -> None:
    set_up(repo, clean="sleep 600")
    taken = take(repo, seconds=4)
    assert contents(repo) == RAW
    assert sorted(taken.notes) == [*notes("the filter big does not answer")]


def test_a_filter_that_fails_does_not_take_others_along(repo: Path) -> None:
    repos.write(
        repo, {".gitattributes": "*.big filter=big\n*.up filter=up\n", "x.up": "up\n", "odd\nname.big": "odd\n"}
    )
    set_up(repo, clean="false", required="true")
    repos.run(repo, "config", "filter.up.clean", "tr a-z A-Z")
    (repo / "1.big").chmod(0o755)
    taken = take(repo)
    found = repos.tree(repo, REF)
    assert found[b"x.up"] == ("100644", b"UP\n")
    assert found[b"odd\nname.big"] == ("100644", b"odd\n")
    assert found[b"1.big"] == ("100755", b"content\n")
    assert {note.path for note in taken.notes} == {"1.big", "2.big", '"odd\\nname.big"'}


def test_a_filter_that_fails_for_one_file_leaves_the_others_as_they_are_in_git(repo: Path) -> None:
    script = repo.parent / "clean"
    script.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "text = sys.stdin.read()\nsys.exit(text == 'more\\n' or print(text.upper(), end=''))\n"
    )
    script.chmod(0o755)
    set_up(repo, clean=str(script), required="true")
    repos.write(repo, {f"{n}.big": f"{n} is fine\n" for n in range(3, 9)})
    taken = take(repo)
    assert contents(repo)[b"2.big"] == b"more\n"
    assert {contents(repo)[b"%d.big" % n] for n in range(3, 9)} == {b"%d IS FINE\n" % n for n in range(3, 9)}
    assert taken.notes == (Note("2.big", "the filter big fails"),)


def test_a_filter_that_fails_for_many_files_is_not_asked_for_each(repo: Path, tmp_path: Path) -> None:
    repos.write(repo, {f"many/{n}.big": f"{n}\n" for n in range(64)})
    set_up(repo, clean=f"echo >> {tmp_path}/asked; false", required="true")
    taken = take(repo)
    assert len(taken.notes) == 66
    assert contents(repo)[b"many/63.big"] == b"63\n"
    assert len((tmp_path / "asked").read_text()) < 66


def test_line_ends_are_those_that_git_would_store(repo: Path) -> None:
    repos.run(repo, "config", "core.autocrlf", "input")
    repos.run(repo, "config", "core.safecrlf", "true")
    (repo / "windows.txt").write_bytes(b"one\r\ntwo\r\n")
    take(repo)
    assert contents(repo)[b"windows.txt"] == b"one\ntwo\n"


def test_an_encoding_that_a_file_is_not_in_is_no_reason_to_lose_it(repo: Path) -> None:
    repos.write(repo, {".gitattributes": "*.utf16 working-tree-encoding=UTF-16\n", "x.utf16": "no such thing\n"})
    (repo / "y.utf16").write_bytes("yes\n".encode("utf-16"))
    taken = take(repo)
    assert contents(repo)[b"x.utf16"] == b"no such thing\n"
    assert contents(repo)[b"y.utf16"] == b"yes\n"
    assert [note.path for note in taken.notes] == ["x.utf16"]
    assert "UTF-16" in taken.notes[0].says


def test_a_disk_that_is_full_is_not_taken_for_a_file_that_fails(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"with open({str(tmp_path / 'calls')!r}, 'a') as log: log.write(' '.join(sys.argv) + '\\n')\n"
        "if 'update-index' in sys.argv:\n"
        "    sys.exit('error: unable to write file: No space left on device\\nfatal: Unable to process path a.txt')\n"
        f"os.environ['PATH'] = {os.environ['PATH']!r}\nos.execvp('git', sys.argv)\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    taken = snapshot.take(repo, REF, message="")
    assert isinstance(taken, NoSnapshot)
    assert taken.why == "the disk is full"
    assert (tmp_path / "calls").read_text().count("update-index") == 1
