import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap.git import git, snapshot, treeadd
from codexwrap.git.scratch import Scratch, find, scratch
from codexwrap.git.snapshot import Snapshot
from codexwrap.git.treesort import Note
from tests import repos
from tests.support import need

REF = "refs/codexwrap/seat/1"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo")


def take(repo: Path) -> Snapshot:
    taken = snapshot.take(repo, REF, message="")
    assert isinstance(taken, Snapshot), taken
    return taken


def meddle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, script: str) -> None:
    """A git that runs a piece of Python before the real git, whenever `word` is among its arguments."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport os, sys, time, pathlib\n"
        f"os.environ['PATH'] = {os.environ['PATH']!r}\n"
        f"times = pathlib.Path({str(tmp_path / 'times')!r})\n"
        f"if {word!r} in sys.argv:\n"
        "    count = len(times.read_bytes()) if times.exists() else 0\n"
        "    times.write_bytes(b'x' * (count + 1))\n"
        + "".join(f"    {line}\n" for line in script.splitlines())
        + "os.execvp('git', sys.argv)\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_a_change_within_the_same_second_and_of_the_same_size_is_seen(repo: Path) -> None:
    for number in range(20):
        text = f"{number:02}\n"
        repos.write(repo, {"a.txt": text})
        repos.run(repo, "add", "a.txt")
        repos.write(repo, {"a.txt": text[::-1]})
        os.utime(repo / "a.txt", (1_700_000_000, 1_700_000_000))
        os.utime(repo / ".git/index", (1_700_000_000, 1_700_000_000))
        taken = snapshot.take(repo, f"refs/codexwrap/seat/{number}", message="")
        assert isinstance(taken, Snapshot)
        assert repos.tree(repo, taken.commit)[b"a.txt"] == ("100644", text[::-1].encode())


def test_the_private_index_has_the_time_of_the_users(repo: Path) -> None:
    # Files as old as the index itself are read by git, whatever their times and sizes say: a newer copy would hide them.
    deadline = git.within(20)
    place = find(repo, deadline)
    os.utime(place.index, ns=(1, 1_600_000_000_123_456_789))
    with scratch(place, deadline) as own:
        own.copy_index()
        assert own.index.stat().st_mtime_ns == place.index.stat().st_mtime_ns
        assert own.index.read_bytes() == place.index.read_bytes()


def test_a_file_that_vanishes_meanwhile_is_not_there(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repos.write(repo, {"a.txt": "changed\n", "new": ""})
    meddle(
        tmp_path,
        monkeypatch,
        "update-index",
        f"for name in ('a.txt', 'new'): pathlib.Path({str(repo)!r}, name).unlink(missing_ok=True)",
    )
    taken = take(repo)
    assert set(repos.tree(repo, taken.commit)) == {b"dir/b.txt"}
    assert (taken.skipped, taken.notes) == ((), ())


def test_a_file_that_becomes_a_folder_meanwhile_is_named(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repos.write(repo, {"a.txt": "changed\n", "new": "", "other": "other\n"})
    script = f"path = pathlib.Path({str(repo)!r}, 'new')\nif path.is_file(): path.unlink(); path.mkdir()"
    meddle(tmp_path, monkeypatch, "update-index", script)
    taken = take(repo)
    found = repos.tree(repo, taken.commit)
    assert found[b"a.txt"] == ("100644", b"changed\n")
    assert found[b"other"] == ("100644", b"other\n")
    assert b"new" not in found
    assert [note.path for note in taken.skipped] == ["new"]


def test_a_file_that_changes_while_it_is_read_is_read_again(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The content is written after git has read it: the first snapshot of it would be of the past.
    repos.write(repo, {"a.txt": "changed\n"})
    os.utime(repo / "a.txt", (1, 1))
    monkeypatch.setattr(
        "codexwrap.git.treescan.add", _then(treeadd.add, lambda: repos.write(repo, {"a.txt": "changed again\n"}), 1)
    )
    taken = take(repo)
    assert repos.tree(repo, taken.commit)[b"a.txt"] == ("100644", b"changed again\n")
    assert taken.notes == ()


def test_a_file_that_never_stops_changing_is_saved_and_named(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repos.write(repo, {"a.txt": "changed\n", "still": "still\n"})
    texts = iter(range(1000))
    monkeypatch.setattr(
        "codexwrap.git.treescan.add", _then(treeadd.add, lambda: repos.write(repo, {"a.txt": f"{next(texts)}\n"}), 100)
    )
    taken = take(repo)
    assert repos.tree(repo, taken.commit)[b"a.txt"][1].strip().isdigit()
    assert taken.notes == (Note("a.txt", "it was being written: what is saved may be a part"),)


def test_a_file_written_just_now_is_read_again(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Times of files are coarse: what is written twice within a tick looks as if it were written once. And git knows
    # that of files as old as its index only, so that here the index is made to look younger.
    asked: list[int] = []

    def add(own: Scratch, paths: list[bytes]) -> treeadd.Added:
        asked.append(len(paths))
        done = treeadd.add(own, paths)
        if len(asked) == 1:
            seen = (repo / "a.txt").stat()
            repos.write(repo, {"a.txt": "CHANGED\n"})
            os.utime(repo / "a.txt", ns=(seen.st_atime_ns, seen.st_mtime_ns))
            os.utime(own.index, (seen.st_mtime + 1000,) * 2)
        return done

    monkeypatch.setattr("codexwrap.git.treescan.add", add)
    monkeypatch.setattr("codexwrap.git.treesort.mark", lambda _: (1, 1 << 63))  # written this very moment
    repos.write(repo, {"a.txt": "changed\n"})
    assert repos.tree(repo, take(repo).commit)[b"a.txt"] == ("100644", b"CHANGED\n")
    assert asked == [1, 1, 1], "it does not try for ever"


def test_a_commit_in_the_middle_makes_it_start_again(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repos.write(repo, {"a.txt": "changed\n"})
    clean = f"env -i PATH={os.environ['PATH']} HOME=/nowhere"
    commit = f"os.system('cd {repo} && {clean} git -c user.name=a -c user.email=a@b commit -qam middle')"
    meddle(tmp_path, monkeypatch, "diff-files", f"if count == 0: {commit}")
    taken = take(repo)
    assert taken.head == repos.line(repo, "rev-parse", "HEAD")
    assert repos.line(repo, "show", "-s", "--format=%s", "HEAD") == "middle"


_WEAK = f"""
import json, sys
from codexwrap.git import snapshot
print(json.dumps(snapshot.take(sys.argv[1], {REF!r}, message="").to_json()))
"""


@pytest.mark.parametrize("word", ["write-tree", "diff-files", "update-index"])
def test_a_git_that_a_signal_ends_is_asked_again(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    repos.write(repo, {"a.txt": "changed\n"})
    lock = "open(os.environ['GIT_INDEX_FILE'] + '.lock', 'w').close()"
    meddle(tmp_path, monkeypatch, word, f"if count < 4: {lock}; os.kill(os.getpid(), 7)")
    taken = take(repo)
    assert repos.tree(repo, taken.commit) == repos.disk(repo)
    assert taken.notes == ()


def test_a_git_that_fails_in_a_tree_that_changes_makes_it_start_again(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repos.write(repo, {"a.txt": "changed\n"})
    meddle(tmp_path, monkeypatch, "diff-files", "if count == 0: sys.exit('fatal: nonsense')")
    assert repos.tree(repo, take(repo).commit) == repos.disk(repo)


def test_what_fails_only_once_is_not_named(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repos.write(repo, {"new": "new\n"})
    path = f"pathlib.Path({str(repo)!r}, 'new')"
    first, second = f"{path}.unlink(); {path}.mkdir()", f"{path}.rmdir(); {path}.write_text('again\\n')"
    meddle(tmp_path, monkeypatch, "update-index", f"if count == 0: {first}\nelif count == 1: {second}")
    taken = take(repo)
    assert repos.tree(repo, taken.commit)[b"new"] == ("100644", b"again\n")
    assert (taken.skipped, taken.notes) == ((), ())


def test_unreadable_files_and_folders_are_left_out_and_named(repo: Path) -> None:
    repos.write(repo, {"a.txt": "changed\n", "new": "", "closed/file": "", "open": "open\n"})
    closed = [repo / name for name in ("a.txt", "new", "closed", "dir")]
    for path in closed:
        path.chmod(0)
    weak = [need("setpriv"), "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command = [*weak, sys.executable, "-c", _WEAK, str(repo)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    for path in closed:
        path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert {note["path"]: note["says"] for note in json.loads(done.stdout)["skipped"]} == {
        "a.txt": "it cannot be read: Permission denied",
        "new": "it cannot be read: Permission denied",
        "closed/": "a folder that cannot be read: Permission denied",
        "dir/": "a folder that cannot be read: Permission denied",
    }
    found = repos.tree(repo, REF)
    assert found[b"open"] == ("100644", b"open\n")
    assert found[b"a.txt"] == ("100644", b"one\ntwo\n"), "what the index has of it"
    assert found[b"dir/b.txt"] == ("100644", b"three\n")
    assert b"new" not in found


def _then(real: object, after: object, times: int) -> object:
    """`real`, and `after` behind each of the first calls."""
    assert callable(real)
    assert callable(after)
    left = [times]

    def add(*args: object) -> object:
        done = real(*args)
        if left[0]:
            left[0] -= 1
            after()
        return done

    return add
