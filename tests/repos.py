"""Real git repositories for tests."""

import hashlib
import os
import stat
import subprocess
from pathlib import Path

CONFIG = ("user.name=A User", "user.email=user@example.org", "commit.gpgSign=false", "protocol.file.allow=always")


def run(cwd: Path, *args: str | bytes, stdin: bytes = b"", ok: bool = True) -> bytes:
    """What git printed, as the user would run it."""
    settings = [word for setting in CONFIG for word in ("-c", setting)]
    done = subprocess.run(["git", *settings, *args], cwd=cwd, input=stdin, capture_output=True)
    if ok and done.returncode:
        raise AssertionError(f"git {args}: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout


def line(cwd: Path, *args: str) -> str:
    return run(cwd, *args).decode().strip()


def make(path: Path, files: dict[str, str] | None = None, *init: str) -> Path:
    """A repository with one commit of `files`, on the branch main."""
    path.mkdir(parents=True)
    run(path, "init", "-q", "-b", "main", *init)
    if files is None:
        files = {"a.txt": "one\ntwo\n", "dir/b.txt": "three\n"}
    write(path, files)
    if files:
        run(path, "add", "-A")
        run(path, "commit", "-qm", "first")
    return path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def conflict(path: Path) -> Path:
    """A repository in the middle of a merge: both.txt in conflict, gone.txt deleted here and changed there."""
    make(path, {"both.txt": "base\n", "gone.txt": "base\n", "clean.txt": "base\n"})
    run(path, "checkout", "-q", "-b", "theirs")
    write(path, {"both.txt": "theirs\n", "gone.txt": "theirs\n", "clean.txt": "theirs\n"})
    run(path, "commit", "-qam", "theirs")
    run(path, "checkout", "-q", "main")
    write(path, {"both.txt": "ours\n"})
    (path / "gone.txt").unlink()
    run(path, "commit", "-qam", "ours")
    run(path, "merge", "-q", "theirs", ok=False)
    return path


def picture(root: Path, *, git_dir: Path | None = None) -> dict[str, str]:
    """All that a user has: every file of the tree, and of git's directory all but objects and refs/codexwrap."""
    seen: dict[str, str] = {}
    git_dir = git_dir or root / ".git"
    for top in (root, git_dir):
        for folder, folders, files in os.walk(top):
            here = Path(folder)
            if here in (git_dir / "objects", git_dir / "refs/codexwrap"):
                folders.clear()
                continue
            seen[folder] = "a folder"
            seen |= {str(here / name): _describe(here / name) for name in files + folders}
    return seen


def _describe(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"a link to {path.readlink()}"
    if not stat.S_ISREG(mode):
        return oct(mode)
    data = path.read_bytes() if os.access(path, os.R_OK) else b"unreadable"
    return f"{oct(mode)} {hashlib.sha256(data).hexdigest()}"
