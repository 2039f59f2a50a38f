"""Check that all is well."""

import os
from collections.abc import Sequence

from codexwrap import paths, tables
from codexwrap.checks import alerts, sinks, state, wordings
from codexwrap.checks.finding import Check
from codexwrap.options import Parser

_CHECKS: tuple[Check, ...] = (state.check, sinks.check, alerts.check, wordings.check)
_HEADINGS = ("", "WHAT", "")
_MARKS = {True: "ok", False: "WRONG", None: "–"}


def main(arguments: Sequence[str]) -> int:
    """`codexwrap doctor`: 0 when nothing is wrong."""
    parser = Parser("codexwrap doctor", description="Check what codexwrap relies on, for real, and say how to mend it.")
    parser.add_argument("--test-alert", action="store_true", help="send a message by each alert, marked as a test")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    options = parser.parse_args(arguments)
    root = paths.state(os.environ)
    checks = (alerts.send,) if options.test_alert else _CHECKS
    found = [finding for check in checks for finding in check(root, os.environ)]
    if options.json:
        print(tables.as_json([finding._asdict() for finding in found]))
    else:
        print(tables.table(_HEADINGS, [(_MARKS[finding.well], finding.what, finding.says) for finding in found]))
    return 1 if any(finding.well is False for finding in found) else 0
