"""Judge a recording."""

from collections.abc import Sequence
from pathlib import Path

from codexwrap import agents, tables
from codexwrap.options import Parser
from codexwrap.redact.redact import printable
from codexwrap.verdict import replay


def main(arguments: Sequence[str]) -> int:
    """`codexwrap replay FILE`: 0 whatever the verdict, for it was found."""
    parser = Parser("codexwrap replay", description="Judge a recording with the code that watches a seat.")
    parser.add_argument("file", type=Path, help="an asciicast (v2 or v3), also packed as .xz")
    parser.add_argument(
        "--agent", choices=sorted(agents.AGENTS), default="codex", help="whose screen it is (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="also print every change, and which rule judged which block, or why none did",
    )
    options = parser.parse_args(arguments)
    with replay.opened(options.file) as (header, records):
        result = replay.judge(header, records, agents.AGENTS[options.agent])
    notes, states = result.pop("notes"), result.pop("states")
    if options.json:
        if options.explain:
            result |= {"notes": notes, "states": states}
        print(tables.as_json(result))
        return 0
    cause = f" {result['cause']} ({result['recoverable']})" if result["cause"] else ""
    print(f"{result['verdict']}{cause}")
    for episode in result["episodes"]:
        until = "still" if episode["alive_at"] is None else f"until {episode['alive_at']:.2f} s"
        print(f"  {episode['dead_at']:.2f} s: {episode['state']} {episode['cause']}, {until}")
        for evidence in episode["evidence"]:
            print(f"    {evidence['witness']}: {printable(evidence['says'])}")
    if options.explain:
        for change in states:
            print(f"  {change['at']:9.3f} s  {change['state']}")
        for note in notes:
            print(f"  {note['at']:9.3f} s  {printable(note['says'])}")
    return 0
