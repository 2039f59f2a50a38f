"""What the pump costs: `python -m tests.bench.pump [SECTION…] [--cast FILE] [--reps N] [--wrapper NAME='COMMAND {}']`.

Sections: throughput echo exec lost memory. Wrappers are run in turns, in random order, and medians are compared: on a
shared machine only the ratios inside one table mean something. Needs a C compiler.
"""

import argparse
import json
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from codexwrap import cast

HERE = Path(__file__).parent
WORK = Path(tempfile.mkdtemp(prefix="codexwrap-bench-"))
TERMINAL, PROGRAM, STAMP = WORK / "terminal", WORK / "program", WORK / "stamp"
TMUX = WORK / "tmux"
SIZE = 32_000_000  # bytes that a throughput run writes
WARMUP = 1000  # milliseconds in which a listener starts

# {} is the program's command, {q} the same as one quoted word.
WRAPPERS = {
    "direct": "{}",
    "script": "script -q -c {q} /dev/null",
    "asciinema": f"asciinema rec -q --overwrite -c {{q}} {WORK}/out.cast",
    "tmux": f"tmux -S {TMUX} -f /dev/null new-session {{q}}",
    "pump": f"{sys.executable} {HERE}/wrapped.py none {{}}",
    "pump (watched)": f"{sys.executable} {HERE}/wrapped.py render {{}}",
    "pump (stuck listener)": f"{sys.executable} {HERE}/wrapped.py never {{}}",
}
FLOOR = "python + pexpect"
WITH_FLOOR = {FLOOR: f"{sys.executable} -c 'import os,sys,pexpect; os.execv(sys.argv[1],sys.argv[1:])' {{}}"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pump", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help="throughput echo exec lost memory (default: all)"
    )
    parser.add_argument(
        "--cast", type=Path, help="a recording of a real session (default: the newest in tests/recordings)"
    )
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--lost-runs", type=int, default=200)
    parser.add_argument("--only", default="", help="wrappers, separated by commas")
    parser.add_argument("--wrapper", action="append", default=[], metavar="NAME=COMMAND")
    options = parser.parse_args()
    for source, binary in (("terminal.c", TERMINAL), ("program.c", PROGRAM)):
        subprocess.run(["cc", "-O2", "-o", binary, HERE / source, "-lutil"], check=True)
    wrappers = {name: command for name, command in WRAPPERS.items() if name == "direct" or _installed(command)}
    wrappers |= dict(each.split("=", 1) for each in options.wrapper)
    if options.only:
        wrappers = {name: command for name, command in wrappers.items() if name in options.only.split(",")}
    chosen = options.sections or list(SECTIONS)
    try:
        for name in chosen:
            SECTIONS[name](wrappers, options)
    finally:
        shutil.rmtree(WORK)


# --- sections ---------------------------------------------------------------------------------------------------------


def throughput(wrappers: dict[str, str], options: argparse.Namespace) -> None:
    for name, path in _streams(options.cast):
        times = -(-SIZE // path.stat().st_size)
        size = path.stat().st_size * times

        def speed(command: str, path: Path = path, times: int = times, size: int = size) -> float:
            seen = _terminal("drain", _wrap(command, PROGRAM, "emit", path, times, WARMUP))
            return float(size / 1e6 / ((seen["last"] - int(STAMP.read_text())) / 1e9))

        results = _in_turns(wrappers, options.reps, speed)
        _table(f"throughput, {name}, {size / 1e6:.0f} MB, median of {options.reps}", "MB/s", results, base="script")


def echo(wrappers: dict[str, str], options: argparse.Namespace) -> None:
    for rate, name in ((0, "idle"), (300, "while each writes 300 KB/s"), (-1, "in a flood")):
        runs = {each: command for each, command in wrappers.items() if not (rate and each == "tmux")}
        seen: dict[str, list[int]] = {each: [] for each in runs}
        for _ in range(options.reps):
            # All at once, a key here and a key there; in a flood, which leaves no room for another, one after the other.
            for group in [list(runs)] if rate >= 0 else [[each] for each in random.sample(list(runs), len(runs))]:
                words = _joined(_wrap(runs[each], PROGRAM, "echo", rate) for each in group)
                for each, times in zip(group, _terminal("keys", words, "100", "2000"), strict=True):
                    seen[each] += times
        notes = {each: f"p90 {sorted(times)[len(times) * 9 // 10] / 1000:.0f}" for each, times in seen.items()}
        results = {each: [statistics.median(times) / 1000] for each, times in seen.items()}
        _table(f"echo p50, {name}, {100 * options.reps} keys", "us", results, base="script", notes=notes)


def _joined(commands: Iterable[list[str]]) -> list[str]:
    """Commands with a -- between them."""
    words: list[str] = []
    for command in commands:
        words += ["--", *command] if words else command
    return words


def exec_(wrappers: dict[str, str], options: argparse.Namespace) -> None:
    after: dict[str, list[float]] = {}

    def start(command: str) -> float:
        seen = _terminal("drain", _wrap(command, PROGRAM, "stamp"))
        after.setdefault(command, []).append((seen["end"] - seen["start"]) / 1e6)
        return float((int(STAMP.read_text()) - seen["start"]) / 1e6)

    runs = WITH_FLOOR | wrappers
    results = _in_turns(runs, 4 * options.reps, start)
    notes = {name: f"all over after {statistics.median(after[command]):.1f} ms" for name, command in runs.items()}
    title = f"from the start of the wrapper to the program's main, median of {4 * options.reps}"
    _table(title, "ms", results, base=FLOOR, notes=notes, difference=True)


def lost(wrappers: dict[str, str], options: argparse.Namespace) -> None:
    path = WORK / "tail"
    path.write_bytes(random.randbytes(48 * 1024).hex().encode())
    runs = {name: command for name, command in wrappers.items() if name not in ("tmux", "pump (stuck listener)")}
    expected = _terminal("drain", _wrap("{}", PROGRAM, "emit", path, 1), BENCH_SUM="1")["sum"]
    print(f"\n## bytes lost at exit: {path.stat().st_size} bytes, then the end, {options.lost_runs} runs")
    print("| wrapper | runs that lost | bytes lost |\n|---|---|---|")
    for name, command in runs.items():
        seen = [
            _terminal("drain", _wrap(command, PROGRAM, "emit", path, 1), BENCH_SUM="1")
            for _ in range(options.lost_runs)
        ]
        missing = sum(path.stat().st_size - each["bytes"] for each in seen)
        print(f"| {name} | {sum(each['sum'] != expected for each in seen)} | {missing} |", flush=True)


def memory(wrappers: dict[str, str], options: argparse.Namespace) -> None:
    path = WORK / "megabyte"
    *_, (_, stream) = _streams(options.cast)
    path.write_bytes(stream.read_bytes()[:1_000_000])
    print(
        "\n## memory after 1 MB was written, all processes but the program\n| wrapper | PSS MB | of them |\n|---|---|---|"
    )
    for name, command in wrappers.items():
        with subprocess.Popen(
            [TERMINAL, "hold", "120", "40", *_wrap(command, PROGRAM, "hold", path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(4)
            shares = [pss for pid in _below(process.pid) if (pss := _pss(pid)) is not None]
            each = " + ".join(f"{share / 1024:.1f}" for share in shares)
            print(f"| {name} | {sum(shares) / 1024:.1f} | {each} |", flush=True)


SECTIONS: dict[str, Callable[[dict[str, str], argparse.Namespace], None]] = {
    "throughput": throughput,
    "echo": echo,
    "exec": exec_,
    "lost": lost,
    "memory": memory,
}


# --- parts ------------------------------------------------------------------------------------------------------------


def _installed(command: str) -> bool:
    return shutil.which(shlex.split(command)[0]) is not None


def _streams(recording: Path | None) -> Iterator[tuple[str, Path]]:
    """Streams to write: text, and what a real session wrote, if there is a recording of one."""
    words = "".join(random.Random(1).choices("etaoin shrdlu ", k=100_000))
    plain = WORK / "plain"
    plain.write_text("".join(f"{words[at : at + 70]}\r\n" for at in range(0, len(words), 70)))
    yield "plain text", plain
    found = sorted((HERE.parent / "recordings").rglob("*.cast"), key=lambda path: path.stat().st_mtime)
    recording = recording or (found[-1] if found else None)
    if recording:
        with recording.open("rb") as lines:
            _, records = cast.read(lines)
            output = "".join(record.data for record in records if record.code == cast.OUTPUT)
        session = WORK / "session"
        session.write_text(output)
        yield recording.stem, session


def _wrap(command: str, *program: object) -> list[str]:
    words = [str(word) for word in program]
    wrapped: list[str] = []
    for word in shlex.split(command):
        wrapped += words if word == "{}" else [word.replace("{q}", shlex.join(words))]
    return wrapped


def _environment(**extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TMUX")}
    return {**kept, "TERM": "xterm-256color", "BENCH_STAMP": str(STAMP), **extra}


def _terminal(mode: str, command: list[str], *options: str, **environment: str) -> Any:
    """What the terminal saw of a command."""
    words = [str(TERMINAL), mode, "120", "40", *options, *command]
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_environment(**environment),
            timeout=120,
            check=True,
        )
    finally:
        if TMUX.exists():  # its server would live on
            subprocess.run(["tmux", "-S", TMUX, "kill-server"], stderr=subprocess.DEVNULL)
    return json.loads(done.stdout)


def _in_turns(wrappers: dict[str, str], reps: int, measure: Callable[[str], float]) -> dict[str, list[float]]:
    results: dict[str, list[float]] = {name: [] for name in wrappers}
    for _ in range(reps):
        for name in random.sample(list(wrappers), len(wrappers)):
            results[name].append(measure(wrappers[name]))
    return results


def _table(
    title: str,
    unit: str,
    results: dict[str, list[float]],
    *,
    base: str,
    notes: dict[str, str] | None = None,
    difference: bool = False,
) -> None:
    medians = {name: statistics.median(values) for name, values in results.items()}
    print(f"\n## {title}")
    print(f"| wrapper | {unit} | least-most | {'more than' if difference else '/'} {base} | |\n|---|---|---|---|---|")
    for name, values in results.items():
        compared = ""
        if base in medians:
            compared = f"{medians[name] - medians[base]:+.1f}" if difference else f"{medians[name] / medians[base]:.2f}"
        note = (notes or {}).get(name, "")
        print(
            f"| {name} | {medians[name]:.1f} | {min(values):.0f}-{max(values):.0f} | {compared} | {note} |", flush=True
        )


def _below(pid: int) -> Iterator[int]:
    """The descendants of a process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        yield int(child)
        yield from _below(int(child))


def _pss(pid: int) -> int | None:
    """A process's share of memory in KB; None for the program, which is no part of the wrapper."""
    if Path(f"/proc/{pid}/exe").readlink() == PROGRAM:
        return None
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
