"""Record the real Codex CLI: `python -m tests.record --codex DIR --versions 0.169.0 --sizes 80x24 --only 'limit-*'`."""

import argparse
import fnmatch
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.record.recorder import Job, attempt
from tests.record.scenarios import SCENARIOS


def main() -> int:
    options = _parser().parse_args()
    jobs = [job for job in _jobs(options) if options.force or not job.label.exists()]
    if options.list:
        print(*(f"{job.version} {job.name}" for job in jobs), sep="\n")
        return 0
    failed = 0
    with ProcessPoolExecutor(options.workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in as_completed([pool.submit(attempt, job) for job in jobs]):
            line, ok = future.result()
            print(line, flush=True)
            failed += not ok
    print(f"{len(jobs) - failed} recorded, {failed} failed")
    return 1 if failed else 0


def _jobs(options: argparse.Namespace) -> list[Job]:
    jobs = []
    for version in options.versions.split(","):
        codex = options.codex / f"v{version}/node_modules/.bin/codex"
        if not codex.exists():
            sys.exit(f"{codex} is not there: npm install --prefix {codex.parents[2]} @openai/codex@{version}")
        numbers = tuple(int(part) for part in version.split("."))
        for scenario in SCENARIOS.values():
            if scenario.fits(numbers) and any(fnmatch.fnmatch(scenario.name, one) for one in options.only.split(",")):
                for size in options.sizes.split(","):
                    columns, lines = map(int, size.split("x"))
                    jobs.append(Job(codex, version, scenario.name, columns, lines, options.out))
    return jobs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.record", description=__doc__)
    parser.add_argument("--codex", type=Path, required=True, help="folder of npm prefixes v<version>")
    parser.add_argument("--versions", required=True, help="comma-separated")
    parser.add_argument("--sizes", default="80x24", help="comma-separated COLUMNSxLINES")
    parser.add_argument("--only", default="*", help="comma-separated patterns of scenario names")
    parser.add_argument("--out", type=Path, default=Path("tests/recordings"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--force", action="store_true", help="record again what is there")
    parser.add_argument("--list", action="store_true", help="say what would be recorded")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
