"""How often the verdict is right: `python -m tests.score --help`."""

import argparse
import multiprocessing
import random
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from codexwrap import cast
from codexwrap.agents import AGENTS
from codexwrap.verdict import replay
from tests import corpus, variants

# Seconds.
PROMPT = 0.1  # between the last byte of the words and the moment from which the seat is called dead
EXACT = 60  # between the reset time that the provider named and the one that is told: words have only minutes
# What is a stall by its age only, is one after so long: docs of codexwrap.verdict say the same, on purpose in other words.
PATIENCE = {"network.server_lost": 5, "network.unreachable": 10, "stall.no_progress": 900}
LATE = 1.5  # more than that, a stall by age may be told later: the row is looked at once in a while

SPEEDS = {"x0.3": 0.3, "x4": 4.0}
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
KINDS = ("plain", "bytes", "chunks", "merged", *SPEEDS, *(f"late{share}" for share in SHARES), "after")


@dataclass
class Outcome:
    """One recording, judged in one way. `wrong` holds what is not right, in words; `counts` is a row of the table."""

    name: str
    kind: str
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def judge(name: str, kind: str = "plain") -> Outcome:
    """Replay the recording `name` in the manner of `kind` and compare it with its label."""
    recording = corpus.named(name)
    header, stream = cast.read(recording.lines())
    records = list(stream)
    outcome = Outcome(name, kind)
    moment = _joined(kind, recording, records[-1].time)
    play = variants.since(moment) if moment is not None else _PLAYED[kind]
    played = list(play(records, random.Random(zlib.crc32(name.encode()))))
    try:
        told = replay.judge(header, iter(played), AGENTS[recording.agent])
    except Exception as error:  # noqa: BLE001 - it is the finding
        outcome.wrong.append(f"raised {error!r}")
        return outcome
    if moment is None:
        compare(outcome, told, recording.expected, SPEEDS.get(kind, 1.0))
    else:
        _compare_late(outcome, told, recording.expected, moment)
    return outcome


def run(jobs: Iterable[tuple[str, str]], workers: int = 2) -> Iterator[Outcome]:
    """The outcomes of (name, kind), as they come."""
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_judge_pair, jobs, chunksize=8)


def table(outcomes: Iterable[Outcome], by: str = "version") -> str:
    """The figures by version (or by kind of replay), and of all."""
    rows: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        key = outcome.name.partition("/")[0] if by == "version" else outcome.kind
        rows.setdefault(key, Counter()).update(outcome.counts)
    order = sorted(rows, key=_numbers) if by == "version" else list(rows)
    total: Counter[str] = sum(rows.values(), Counter())
    lines = ["| " + " | ".join((by, *_COLUMNS)) + " |", "|" + "---|" * (len(_COLUMNS) + 1)]
    for key, counts in [*((key, rows[key]) for key in order), ("all", total)]:
        lines.append("| " + " | ".join((key, *(show(counts) for show in _COLUMNS.values()))) + " |")
    return "\n".join(lines)


def spread(names: Sequence[str], share: int) -> list[str]:
    """One of `share` names, always the same ones, spread over versions and scenarios."""
    return [name for name in names if zlib.crc32(b"spread" + name.encode()) % share == 0]


# --- one recording ---------------------------------------------------------------------------------------------------


def compare(outcome: Outcome, told: dict[str, Any], expected: dict[str, Any], factor: float = 1.0) -> None:
    """Put into `outcome` what is right and wrong about what was told, by a clock that ran `factor` times faster."""
    episodes = expected["episodes"]
    counts, wrong = outcome.counts, outcome.wrong
    counts["recordings"] += 1
    counts["deaths"] += len(episodes)
    counts["living"] += not episodes
    found = [each | {"dead_at": each["dead_at"] * factor} for each in told["episodes"]]
    pairs, missed, false = _match(episodes, found)
    counts.update(found=len(pairs), false=len(false))
    wrong += [f"missed {each['cause']} at {each['banner_at']:.2f} s" for each in missed]
    wrong += [f"false {each['state']} {each['cause']} at {each['dead_at']:.2f} s" for each in false]
    for want, got in pairs:
        _compare_episode(outcome, want, got, ages=factor == 1.0)
    right = told["verdict"] == expected["verdict"] and corpus.is_told(told["cause"], expected)
    counts["verdicts"] += right
    if not right:
        wrong.append(f"{told['verdict']} {told['cause']}, not {expected['verdict']} {expected['cause']}")


def _compare_episode(
    outcome: Outcome, want: dict[str, Any], got: dict[str, Any], *, ages: bool = True, late: bool = False
) -> None:
    counts, wrong = outcome.counts, outcome.wrong
    if any(cause.partition(".")[0] == got["cause"].partition(".")[0] for cause in corpus.causes_told(want)):
        counts["classes"] += 1
    if corpus.is_told(got["cause"], want):
        counts["details"] += 1
    else:
        wrong.append(f"{got['cause']}, not {want['cause']}")
    if got["state"] != want["state"]:
        wrong.append(f"{got['cause']} is {got['state']}, not {want['state']}")
    named, resets = want.get("screen_resets_at", want["resets_at"]), got["resets_at"]
    if named is not None or resets is not None:
        counts["resets"] += 1
        exact = named is not None and resets is not None and abs(named - resets) <= EXACT
        counts["resets_right"] += exact
        if not exact:
            wrong.append(f"resets at {resets}, not {named}")
    if not want.get("by_age"):
        counts["timed"] += 1
        prompt = abs(got["dead_at"] - want["banner_at"]) <= PROMPT
        counts["prompt"] += prompt
        if not prompt and not late:
            wrong.append(f"dead at {got['dead_at']:.3f} s, banner at {want['banner_at']:.3f} s")
    elif ages:
        after = got["dead_at"] - want["banner_at"] - PATIENCE[want.get("screen_cause") or want["cause"]]
        if not -0.5 <= after <= LATE:
            wrong.append(f"{want['cause']} told {after:.2f} s after its patience")
    if (want["alive_at"] is None) != (got["alive_at"] is None) and not late:
        wrong.append(f"alive again at {got['alive_at']}, not {want['alive_at']}")


def _match(
    expected: list[dict[str, Any]], found: list[dict[str, Any]]
) -> tuple[list[tuple[dict[str, Any], dict[str, Any]]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Pairs of what happened and what was told, in order; what was missed; and what was told though it did not happen."""
    pairs, missed, rest = [], [], list(found)
    for want in expected:
        until = float("inf") if want["alive_at"] is None else want["alive_at"] + PROMPT
        got = next((each for each in rest if want["provider_error_at"] - PROMPT <= each["dead_at"] <= until), None)
        if got is None:
            missed.append(want)
        else:
            rest.remove(got)
            pairs.append((want, got))
    return pairs, missed, rest


# --- joined late -----------------------------------------------------------------------------------------------------


def _joined(kind: str, recording: corpus.Recording, end: float) -> float | None:
    """The moment at which the stream is joined; None where it is heard from the start.

    Before the first death; or, for `after`, when the last thing that happened has been over for a moment.
    """
    episodes = recording.expected["episodes"]
    if kind == "after":
        last = max((max(each["banner_at"], each["alive_at"] or 0) for each in episodes), default=end * 0.8)
        return min(last + 0.5, end)
    if not kind.startswith("late"):
        return None
    return float(episodes[0]["banner_at"] if episodes else end) * float(kind.removeprefix("late"))


def _compare_late(outcome: Outcome, told: dict[str, Any], expected: dict[str, Any], moment: float) -> None:
    """What is right for a stream that was joined in its middle.

    Nothing is told that did not happen, and at the end a dead seat is not called alive, nor a living one dead. UNKNOWN is
    right: an agent draws only the cells that change, so that what was drawn before may never be seen, and words that come
    together with their prompt may be an old conversation that is painted again. How often a death is missed for that, or
    told later, with the next words, the table says. The end of a process that was dead before is a death of its own.
    """
    to_come = [each for each in expected["episodes"] if each["banner_at"] >= moment]
    before = [each for each in expected["episodes"] if each not in to_come]
    known = {cause for each in before for cause in corpus.causes_told(each)}
    told_again = [
        each["cause"] in known or (before and each["cause"].startswith("process.")) for each in told["episodes"]
    ]
    seen = [each for each, again in zip(told["episodes"], told_again, strict=True) if not again]
    outcome.counts["recordings"] += 1
    outcome.counts["deaths"] += len(to_come)
    outcome.counts["living"] += not to_come
    pairs, _, false = _match(to_come, seen)
    outcome.counts.update(found=len(pairs), false=len(false))
    outcome.wrong += [f"false {each['state']} {each['cause']} at {each['dead_at']:.2f} s" for each in false]
    for want, got in pairs:
        _compare_episode(outcome, want, got, late=True)
    same = told["verdict"] == expected["verdict"]
    outcome.counts["verdicts"] += same
    outcome.counts["unknown"] += told["verdict"] == "UNKNOWN"
    if not same and told["verdict"] != "UNKNOWN":
        outcome.wrong.append(f"{told['verdict']} {told['cause']}, not {expected['verdict']} {expected['cause']}")


# --- the table -------------------------------------------------------------------------------------------------------


def _share(part: str, whole: str) -> Callable[[Counter[str]], str]:
    return lambda counts: f"{counts[part]}/{counts[whole]}" if counts[whole] else "-"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


_COLUMNS: dict[str, Callable[[Counter[str]], str]] = {
    "recordings": lambda counts: str(counts["recordings"]),
    "deaths": lambda counts: str(counts["deaths"]),
    "living": lambda counts: str(counts["living"]),
    "recall": lambda counts: _percent(counts["found"], counts["deaths"]),
    "precision": lambda counts: _percent(counts["found"], counts["found"] + counts["false"]),
    "class": _share("classes", "found"),
    "detail": _share("details", "found"),
    "reset time": _share("resets_right", "resets"),
    "within 0.1 s": _share("prompt", "timed"),
    "verdict at the end": _share("verdicts", "recordings"),
    "unknown": lambda counts: str(counts["unknown"]),
}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.rpartition("-")[2].split("."))


_PLAYED: dict[str, variants.Variant] = {
    "plain": variants.plain,
    "bytes": variants.bytewise,
    "chunks": variants.chunked,
    "merged": variants.merged,
    **{kind: variants.speed(factor) for kind, factor in SPEEDS.items()},
}


def _judge_pair(job: tuple[str, str]) -> Outcome:
    return judge(*job)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.score", description="Score the verdict on the recordings.")
    parser.add_argument("pattern", nargs="?", default="*", help="of names, such as '0.169.0/limit-*'")
    parser.add_argument("--agent", default="codex", choices=AGENTS, help="whose recordings (%(default)s)")
    parser.add_argument("--kinds", default="plain", help=f"comma-separated, or all: {','.join(KINDS)}")
    parser.add_argument("--share", type=int, default=1, help="only one of so many")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    kinds = KINDS if options.kinds == "all" else options.kinds.split(",")
    names = spread([each.name for each in corpus.recordings(options.pattern, options.agent)], options.share)
    outcomes = []
    for outcome in run([(name, kind) for kind in kinds for name in names], options.workers):
        outcomes.append(outcome)
        if outcome.wrong:
            print(f"{outcome.kind} {outcome.name}: {'; '.join(outcome.wrong)}", flush=True)
    print(table(outcomes, "version" if len(kinds) == 1 else "kind"))
    return int(any(outcome.wrong for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
