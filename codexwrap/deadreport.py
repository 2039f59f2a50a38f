"""Write the operator's report."""

import shlex
import time
from pathlib import Path
from typing import Any

from codexwrap import atomic, events, handover, paths
from codexwrap.git.gitfacts import Facts
from codexwrap.redact.redact import printable


def write(folder: Path, record: dict[str, Any], facts: Facts | None) -> Path:
    """Put a report on a dead seat, as Markdown, where the operator looks for it; its path. Raises OSError.

    `record` is what `seats.save` keeps; a second death of a seat in one second goes into the same file.
    """
    atomic.private_dir(folder)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(events.epoch(record["since"])))
    path = folder / f"{stamp}-{paths.file_name(record['seat'])}.md"
    atomic.write(path, ("\n".join(_lines(record, facts)) + "\n").encode("utf-8", "replace"))
    return path


def _lines(record: dict[str, Any], facts: Facts | None) -> list[str]:
    seat = printable(record["seat"])
    branch = facts.branch if facts else None
    return [
        f"# Dead seat: {seat}",
        "",
        f"- since: {record['since']} on {printable(record['host'])}",
        f"- cause: {record['cause']}",
        f"- work item: {printable(record['ticket'] or 'not known')}",
        f"- branch: {printable(branch or 'none')}",
        f"- changes: {handover.changes(facts.to_json()) if facts else 'not known'}",
        f"- what to do: {record['remedy']}",
        f"- then: `codexwrap resume {shlex.quote(seat)}`, or type at the seat",
        f"- checkpoint: {record['checkpoint'] or 'could not be written'}",
        "",
        "## Evidence",
        "",
        *(f"- {each['witness']}: {printable(each['says'])}" for each in record["evidence"]),
    ]
