"""Know the shells' own files."""

import importlib.resources
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path, PurePath

from codexwrap import atomic
from codexwrap.errors import UsageError, UserError

NAMES = ("bash", "zsh", "fish")
FISH_FILE = "codexwrap.fish"  # of codexwrap alone


def chosen(name: str | None, environ: Mapping[str, str]) -> str:
    """The shell that is asked for, else that of `$SHELL`. Raises UsageError for one that is not known."""
    shell = name if name is not None else PurePath(environ.get("SHELL", "")).name
    if shell not in NAMES:
        said = f"no shell {shell!r}" if shell else "which shell? $SHELL names none"
        raise UsageError(f"{said}: choose with --shell {'|'.join(NAMES)}")
    return shell


def rc(shell: str, environ: Mapping[str, str]) -> Path:
    """The file that an interactive shell reads when it starts; for fish one that belongs to codexwrap alone.

    Raises UserError where its folder is missing; fish's, which fish makes at its first start, is made here.
    """
    home = Path(environ.get("HOME") or "~").expanduser()
    if shell == "fish":
        folder = Path(environ.get("XDG_CONFIG_HOME") or home / ".config").expanduser() / "fish" / "conf.d"
        base = home if folder.is_relative_to(home) else folder.parent.parent.parent
    else:
        folder = base = Path(environ.get("ZDOTDIR") or home).expanduser() if shell == "zsh" else home
    if not base.is_dir():
        raise UserError(f"{base}, where {shell} has its files, is no directory (--rc FILE names another place)")
    return folder / {"bash": ".bashrc", "zsh": ".zshrc", "fish": FISH_FILE}[shell]


def part(shell: str) -> Path:
    """The file that a shell sources: in the package where it is installed, beside it in a checkout. Raises UserError."""
    name = f"codexwrap.{shell}"
    package = importlib.resources.files("codexwrap")
    if isinstance(package, Path):
        for folder in (package / "shell", package.parent / "shell"):
            if (folder / name).is_file():
                return folder / name
    raise UserError(f"this installation of codexwrap has no file {name}: install it anew")


def program() -> str | None:
    """The path of the program codexwrap as it was started, else of the one beside this Python; None without either."""
    for name in (sys.argv[0], os.path.join(os.path.dirname(sys.executable), "codexwrap")):  # noqa: PTH118, PTH120
        path = shutil.which(name)
        if path and PurePath(path).name == "codexwrap":
            return os.path.abspath(path)  # noqa: PTH100 - a link, such as pipx makes, outlives what it points to
    return None


def lines(shell: str, path: Path, codexwrap: str | None) -> list[str]:
    """What makes a shell source its part, if that is still there, and know the program where it does not know one."""
    quote = _fish_quoted if shell == "fish" else shlex.quote
    file = quote(str(path))
    if shell == "fish":
        known = f"set -q CODEXWRAP; or set -g CODEXWRAP {quote(codexwrap)}; " if codexwrap else ""
        source = f"if status is-interactive; and test -r {file}; {known}source {file}; end"
    else:
        known = f'[ -n "${{CODEXWRAP-}}" ] || CODEXWRAP={quote(codexwrap)}; ' if codexwrap else ""
        source = f"if [ -r {file} ]; then {known}. {file}; fi"
    return [f"# written by `codexwrap install --shell {shell}`, taken away by the same with --uninstall", source]


def reach(codexwrap: str | None, environ: Mapping[str, str]) -> str:
    """What the user must know where a shell does not find the program by its name; empty where it does."""
    if shutil.which("codexwrap", path=environ.get("PATH", os.defpath)):
        return ""
    if codexwrap:
        return f"codexwrap is not on the PATH: put {PurePath(codexwrap).parent} there, or call it {codexwrap}"
    return "no program codexwrap was found, on the PATH or beside this Python: put it on the PATH"


def remarks(shell: str, environ: Mapping[str, str], platform: str, text: bytes) -> list[str]:
    """What else the user must know, given what the rc file holds: one line each."""
    home = Path(environ.get("HOME") or "~").expanduser()
    if shell == "zsh" and b"compinit" not in text:
        return [
            "zsh completes once compinit has run; this file does not name it, though a framework may run it for you"
        ]
    if shell != "bash" or platform != "darwin":
        return []
    read = [home / name for name in (".bash_profile", ".bash_login", ".profile")]  # a login shell takes the first
    profile = next((path for path in read if path.exists()), read[0])
    try:
        found = profile.read_bytes() if profile.exists() else b""
    except OSError:
        found = b""
    if b"bashrc" in found:
        return []
    return [f"Terminal opens login shells, and those read {profile}, not ~/.bashrc: put `. ~/.bashrc` there"]


def make_folder(path: Path) -> None:
    """Make the folder of fish's own file. Raises UserError."""
    try:
        atomic.private_dir(path.parent)
    except OSError as error:
        raise UserError(f"{path.parent} cannot be made: {error.strerror}") from None


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
