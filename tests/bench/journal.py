"""What the feed costs and stands: `python -m tests.bench.journal [wait] [rotate] [fleet] [gate] [--seconds N]`.

wait    events a second and the wait of a writer, with 1, 10 and 100 writers, beside bare O_APPEND and flock in the same run
rotate  100 writers for a minute while the file is set aside: no line lost, torn, or out of its writer's order
fleet   10 000 seats on 10 hosts die in a minute, through one Redis: how long until each death stands in the stream
gate    what a look at the incidents costs before a start, with none, with some on other credentials
"""

import argparse
import fcntl
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.synchronize import Event as Signal
from pathlib import Path
from typing import Any

from codexwrap import agents, events, journal
from codexwrap.archives import START
from codexwrap.feed import gate
from codexwrap.journal import Journal
from codexwrap.paths import State
from tests.redisserver import redis as redis_in

PAD = "x" * 600  # so that an event has the size of a real death
SECTIONS = ("wait", "rotate", "fleet", "gate")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=[])
    parser.add_argument(
        "--seconds", type=float, default=0, help="of each measurement, if not 3, and 60 of rotate and fleet"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="codexwrap-bench-") as folder:
        os.environ |= {"HOME": folder}
        os.environ.pop("CODEXWRAP_CONFIG", None)
        for section in asked.sections or SECTIONS:
            each = Path(folder, section)
            each.mkdir()
            {"wait": wait, "rotate": rotate, "fleet": fleet, "gate": look}[section](each, asked.seconds)


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


# --- wait ---------------------------------------------------------------------------------------------------------


def death(seat: str, number: int, at: float | None = None) -> events.Event:
    data = {
        "seat": seat,
        "state": "DEAD",
        "cause": "auth.token_revoked",
        "credential": seat,
        "number": number,
        "pad": PAD,
    }
    return events.new("seat.dead", seat=seat, data=data, at=at)


def bare(path: Path) -> Callable[[events.Event], None]:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return lambda event: (os.write(fd, event.to_line()), None)[1]


def flocked(path: Path) -> Callable[[events.Event], None]:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(event: events.Event) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX)
        os.write(fd, event.to_line())
        fcntl.flock(fd, fcntl.LOCK_UN)

    return write


def ours(path: Path) -> Callable[[events.Event], None]:
    log = Journal(path)
    return lambda event: log.append(event, durable=False)


def durable(path: Path) -> Callable[[events.Event], None]:
    log = Journal(path)
    return log.append


WAYS = {"O_APPEND": bare, "flock": flocked, "journal": ours, "journal, on the disk": durable}


def write(way: str, path: Path, name: str, begin: Signal, seconds: float, out: Any) -> None:
    put = WAYS[way](path)
    begin.wait()
    waits, number, until = [], 0, time.monotonic() + seconds
    while time.monotonic() < until:
        event = death(name, number)
        start = time.perf_counter()
        put(event)
        waits.append(time.perf_counter() - start)
        number += 1
    out.put(waits)


def wait(folder: Path, seconds: float) -> None:
    seconds = seconds or 3.0
    print(f"{'writers':>7}  {'way':22} {'events/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'worst ms':>9}")
    fork = multiprocessing.get_context("fork")
    for many in (1, 10, 100):
        for way in WAYS:
            begin, out = fork.Event(), fork.Queue()
            path = folder / f"{way}-{many}.jsonl"
            arguments = (begin, seconds, out)
            running = [fork.Process(target=write, args=(way, path, f"s{n}", *arguments)) for n in range(many)]
            for process in running:
                process.start()
            begin.set()
            waits = [each for _ in running for each in out.get()]
            for process in running:
                process.join()
            figures = [statistics.median(waits), percentile(waits, 0.99), max(waits)]
            print(
                f"{many:7}  {way:22} {len(waits) / seconds:9.0f} "
                f"{figures[0] * 1e3:8.3f} {figures[1] * 1e3:8.2f} {figures[2] * 1e3:9.1f}"
            )


# --- rotate -------------------------------------------------------------------------------------------------------


def append(path: Path, name: str, until: float, out: Any) -> None:
    log, number = Journal(path, rotate=2_000_000), 0
    while time.time() < until:
        log.append(events.new("seat.alive", seat=name, data={"number": number}), durable=False)
        number += 1
    out.put((name, number))


def rotate(folder: Path, seconds: float, many: int = 100) -> None:
    path = folder / "feed.jsonl"
    fork = multiprocessing.get_context("fork")
    out, until = fork.Queue(), time.time() + (seconds or 60.0)
    running = [fork.Process(target=append, args=(path, f"s{n}", until, out)) for n in range(many)]
    for process in running:
        process.start()
    seen: dict[str, int] = {}
    cursor, skipped, wrong = START, 0, 0
    while any(process.is_alive() for process in running) or journal.is_behind(path, cursor):
        reading = journal.read(path, cursor, limit=1 << 20)
        cursor, skipped = reading.cursor, skipped + reading.skipped
        for event in reading.events:
            wrong += event.data["number"] != seen.get(event.subject, -1) + 1
            seen[event.subject] = event.data["number"]
        if not reading.entries:
            time.sleep(0.05)
        if out.qsize() == many:  # else a queue that is full keeps its writers from ending
            for process in running:
                process.join()
    told = dict(out.get() for _ in running)
    files = len(list(folder.glob("feed-*.jsonl"))) + 1
    lost = sum(many - 1 - seen.get(name, -1) for name, many in told.items())
    print(
        f"{many} writers, {seconds or 60:.0f} s, {sum(told.values())} events in {files} files: "
        f"{lost} lost, {skipped} torn, {wrong} out of their writer's order"
    )


# --- fleet --------------------------------------------------------------------------------------------------------

HOSTS, SEATS = 10, 1000


def host(folder: Path, number: int, seconds: float) -> None:
    """A host whose seats die one after the other; its deliverer is started by the first of them."""
    os.environ |= {
        "CODEXWRAP_HOME": str(folder / f"host{number}"),
        "CODEXWRAP_CONFIG": str(folder / "config.toml"),
        "CODEXWRAP_HOST": f"host{number}",
    }
    log, start = Journal(folder / f"host{number}/feed.jsonl"), time.time()
    for seat in range(SEATS):
        time.sleep(max(0.0, start + seat * seconds / SEATS - time.time()))
        log.append(death(f"s{seat}", seat))


def fleet(folder: Path, seconds: float) -> None:
    seconds = seconds or 60.0
    fork = multiprocessing.get_context("fork")
    import redis

    with redis_in(folder / "redis") as server:
        (folder / "config.toml").write_text(f'[sinks.fleet]\nkind = "redis"\nurl = "{server.url}"\n')
        client = redis.Redis(port=server.port)
        running = [fork.Process(target=host, args=(folder, number, seconds)) for number in range(HOSTS)]
        for process in running:
            process.start()
        place: Any = b"0-0"
        ages: list[float] = []
        seen, wrong, start = Counter[str](), 0, time.time()
        while len(ages) < HOSTS * SEATS and time.time() - start < seconds + 120:
            answer: Any = client.xread({"codexwrap:feed": place}, count=5000, block=500)
            now = time.time()
            for _, entries in answer or []:
                for place, fields in entries:  # noqa: B007
                    event = events.from_line(fields[b"e"])
                    name = event.source.split("/")[2]
                    wrong += event.data["number"] != seen[name]
                    seen[name] += 1
                    ages.append(now - events.epoch(event.time))
        took = time.time() - start
        (folder / "config.toml").write_text("")  # the deliverers end
        for process in running:
            process.join()
        print(
            f"{HOSTS} hosts, {len(ages)} of {HOSTS * SEATS} deaths in {took:.0f} s through one Redis, "
            f"{client.hlen('codexwrap:seats')} seats known, {wrong} out of order; from the death to the stream: "
            f"p50 {percentile(ages, 0.5) * 1e3:.0f}, p99 {percentile(ages, 0.99) * 1e3:.0f}, worst {max(ages) * 1e3:.0f} ms"
        )
        client.close()
        time.sleep(2)


# --- gate ---------------------------------------------------------------------------------------------------------

LOOK = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from codexwrap import agents, session\n"
    "from codexwrap.feed import gate\n"
    "from codexwrap.paths import State\n"
    "root, agent, home = State(Path(sys.argv[1])), agents.AGENTS['codex'], Path(sys.argv[2])\n"
    "agent.credential_file\n"
    "start = time.perf_counter()\n"
    "gate.check(root, agent, home, now=time.time())\n"
    "print(time.perf_counter() - start)\n"
)


def look(folder: Path, _seconds: float) -> None:
    home = folder / "home"
    home.mkdir()
    (home / "auth.json").write_text(json.dumps({"tokens": {"account_id": "a"}}))
    root = State(folder / "state")
    for what, told in (
        ("no feed", []),
        ("300 events, no incident", [events.new("seat.started", seat=f"s{n}", data={"pad": PAD}) for n in range(300)]),
        ("40 incidents of other credentials", [death(f"seat{n}", n) for n in range(40)]),
    ):
        if told:
            Journal(root.feed).append(*told)
        gate.check(root, agents.AGENTS["codex"], home, now=time.time())
        command = [sys.executable, "-c", LOOK, str(root.root), str(home)]
        costs = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(20)]
        print(f"{what:36} median {statistics.median(costs) * 1e3:6.2f} ms, worst {max(costs) * 1e3:6.2f} ms")


if __name__ == "__main__":
    main()
