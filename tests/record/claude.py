"""Record Claude Code: `python -m tests.record.claude PROGRAM VERSION [PATTERN [SIZES [OUT]]]`."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codexwrap.drill.driver import Terminal
from tests.record import claude_provider, guests
from tests.record.door import Door
from tests.record.guests import Scenario, Seat
from tests.record.scripted import Scripted

_KEY = "sk-recorded-" + "0" * 12 + "1"
_QUESTIONS = {"Makeautomodeyourdefault": "\x1b", "Doyoutrustthefiles": "\r", "DetectedacustomAPIkey": "\x1b[A\r"}


class Claude(guests.Guest):
    """Behind a door that stands for the hosts of its provider: its words for a subscription are those of the real one."""

    name = "claude"
    seat_variable = "CLAUDE_CONFIG_DIR"

    def provider(self, scenario: Scenario) -> Scripted:
        return claude_provider.provider()

    @contextmanager
    def surroundings(self, root: Path, provider: Scripted) -> Iterator[Mapping[str, str]]:
        with Door(claude_provider.HOSTS, provider.port, root) as door:
            yield {"HTTPS_PROXY": door.url, "HTTP_PROXY": door.url, "NODE_EXTRA_CA_CERTS": str(door.authority)}

    def prepare(self, home: Path, cwd: Path, scenario: Scenario) -> Mapping[str, str]:
        settings = {"permissions": {"allow": ["Bash", "Edit", "Write", "Read"]}, "theme": "dark", **scenario.settings}
        (home / "settings.json").write_text(json.dumps(settings))
        project = {
            "hasTrustDialogAccepted": True,
            "projectOnboardingSeenCount": 9,
            "hasCompletedProjectOnboarding": True,
        }
        state = {
            "hasCompletedOnboarding": True,
            "theme": scenario.settings.get("theme", "dark"),
            "numStartups": 9,
            "customApiKeyResponses": {"approved": [_KEY[-20:]], "rejected": []},
            "projects": {str(cwd): project},
        }
        (home / ".claude.json").write_text(json.dumps(state))
        env = {
            self.seat_variable: str(home),
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }
        if scenario.retries is not None:
            env["CLAUDE_CODE_MAX_RETRIES"] = str(scenario.retries)
        if scenario.auth == "api-key":
            return {**env, "ANTHROPIC_API_KEY": _KEY}
        if scenario.auth != "none":
            _write_login(home, "access-1")
        return env

    def ready(self, terminal: Terminal) -> None:
        unasked = dict(_QUESTIONS)
        while True:
            terminal.wait_for("|".join(["❯", *unasked]), 60)
            terminal.settle(1.0, timeout=10)
            question = next((each for each in unasked if terminal.shows(each)), None)
            if question is None:
                return
            terminal.send(unasked.pop(question))
            time.sleep(1.5)

    def session(self, home: Path) -> str:
        found = sorted(home.glob("projects/*/*.jsonl"), key=lambda path: path.stat().st_mtime)
        return found[0].stem

    def sign_in(self, seat: Seat) -> None:
        _write_login(seat.home, "access-2")
        seat.provider.accepted = {"access-2"}


def _write_login(home: Path, token: str) -> None:
    login: dict[str, Any] = {
        "accessToken": token,
        "refreshToken": f"refresh-of-{token}",
        "expiresAt": int((time.time() + 8 * 3600) * 1000),
        "scopes": ["user:inference", "user:profile"],
        "subscriptionType": "max",
        "rateLimitTier": "default_claude_max",
    }
    (home / ".credentials.json").write_text(json.dumps({"claudeAiOauth": login}))


if __name__ == "__main__":
    from tests.record.claude_scenarios import SCENARIOS

    raise SystemExit(guests.main(Claude(), SCENARIOS, sys.argv[1:]))
