"""Kill a real session on loopback, and see."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codexwrap import tables
from codexwrap.drill.causes import CAUSES
from codexwrap.errors import UsageError
from codexwrap.options import Parser

_HEADINGS = ("CAUSE", "CODEX", "VERDICT", "DETECTED", "CHECKPOINT", "FEED", "ALERT", "RESUMED", "OK")


def main(arguments: Sequence[str]) -> int:
    """`codexwrap drill [CAUSE...]`: 0 when every drill went as it must."""
    parser = Parser(
        "codexwrap drill",
        description="Runs your Codex as a seat against a provider on loopback, kills its session, shows what came of it. "
        "Your own Codex home is never touched, nothing leaves this machine, and nothing is left behind.",
    )
    parser.add_argument("cause", nargs="*", default=["all"], help=f"all, or some of: {', '.join(CAUSES)}")
    parser.add_argument("--codex", help="the Codex to use (default: the one on the PATH)")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    options = parser.parse_args(arguments)
    names = list(CAUSES) if "all" in options.cause else options.cause
    for name in names:
        if name not in CAUSES:
            raise UsageError(f"no drill is called {name!r}; there are all, {', '.join(CAUSES)}")
    results = _drill(names, options.codex, quiet=options.json)
    if options.json:
        print(tables.as_json(results))
    return 0 if all(result["ok"] for result in results) else 1


def _drill(names: Sequence[str], codex: str | None, *, quiet: bool) -> list[dict[str, Any]]:
    path = shutil.which(codex or "codex")
    if path is None and codex:
        raise UsageError(f"{codex}: no such program")
    results: list[dict[str, Any]] = []
    if path is None:
        from codexwrap.drill import recorded

        if not quiet:
            print("Codex is not installed (npm install -g @openai/codex): this replays a recording of a real death.")
        results.append(recorded.run())
    else:
        from codexwrap.drill import run

        for name in names:
            if not quiet and os.isatty(1):
                print(f"\r{name} …\x1b[K", end="", flush=True)
            results.append(run.run(CAUSES[name], Path(path)))
    if not quiet:
        print(("\r\x1b[K" if os.isatty(1) else "") + tables.table(_HEADINGS, [_row(result) for result in results]))
        for result in results:
            if "why" in result:
                print(f"{result['cause']}: {result['why']}")
    return results


def _row(result: dict[str, Any]) -> tuple[object, ...]:
    times = (result[name] for name in ("detected_ms", "checkpoint_ms", "feed_ms", "alert_ms"))
    return (
        result["cause"],
        result["codex"],
        result["verdict"],
        *("–" if each is None else f"{each} ms" for each in times),
        "yes" if result["resumed"] else "–",
        "yes" if result["ok"] else "NO",
    )
