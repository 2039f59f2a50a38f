"""Set up shell and timer."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from codexwrap.commands import install_timer
from codexwrap.errors import UsageError
from codexwrap.options import Parser, seconds
from codexwrap.redact.redact import printable
from codexwrap.shells import rcfile, shells


def main(arguments: Sequence[str]) -> int:
    """`codexwrap install`: 0 when what was asked for is in place, also when it was before."""
    parser = Parser(
        "codexwrap install",
        description="Set up codexwrap-seat and completion in a shell, or a timer that runs the watchdog. Only its own "
        "lines and files are ever changed.",
    )
    parser.add_argument("--shell", metavar="SHELL", help="bash, zsh or fish (default: that of $SHELL)")
    parser.add_argument("--rc", type=Path, metavar="FILE", help="the file to change (default: the shell's own)")
    parser.add_argument("--timer", choices=install_timer.NAMES, help="have this run `codexwrap watchdog`, not a shell")
    parser.add_argument("--every", type=seconds, default=60.0, metavar="SECONDS", help="how often (default: 60)")
    parser.add_argument("--print", action="store_true", help="only print the lines")
    parser.add_argument("--uninstall", action="store_true", help="take the lines away again")
    options = parser.parse_args(arguments)
    if options.timer:
        if options.shell or options.rc:
            raise UsageError("install: --timer goes without --shell and --rc")
        return install_timer.run(options.timer, options.every, only_print=options.print, uninstall=options.uninstall)
    return _shell(options)


def _shell(options: argparse.Namespace) -> int:
    shell = shells.chosen(options.shell, os.environ)
    path = options.rc.expanduser() if options.rc else shells.rc(shell, os.environ)
    text = rcfile.read(path)
    if options.uninstall:
        return _uninstall(path, text, only_print=options.print)
    program = shells.program()
    wanted = rcfile.put(text, shells.lines(shell, shells.part(shell), program))
    block = rcfile.block(wanted)
    if options.print:
        print("\n".join(block))
        return 0
    if wanted == text:
        _tell(f"{path} has them already:", block)
    else:
        _tell(f"{path}{' stays as it is but for' if text else ', which is new, gets'} these lines:", block)
        if options.rc is None and shell == "fish":
            shells.make_folder(path)
        rcfile.write(path, wanted)
        print(
            f"Done. It works in every new {shell}; in one that runs, after: source {printable(shlex.quote(str(path)))}"
        )
    for remark in [shells.reach(program, os.environ), *shells.remarks(shell, os.environ, sys.platform, text)]:
        if remark:
            print(f"Note: {printable(remark)}.")
    return 0


def _uninstall(path: Path, text: bytes, *, only_print: bool) -> int:
    block, left = rcfile.block(text), rcfile.without(text)
    if not block:
        print(f"{printable(str(path))} has no lines of codexwrap's.")
    elif only_print:
        print("\n".join(block))
    else:
        _tell(f"{path} loses these lines:", block)
        if not left and path.name == shells.FISH_FILE and not path.is_symlink():
            rcfile.remove(path)
        else:
            rcfile.write(path, left)
        print("Done. Shells that run keep what they have.")
    return 0


def _tell(what: str, lines: Sequence[str]) -> None:
    print(printable(what))
    for line in lines:
        print(f"  {printable(line)}")
