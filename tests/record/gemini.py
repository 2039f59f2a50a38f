"""Record Gemini CLI: `python -m tests.record.gemini PROGRAM VERSION [PATTERN [SIZES [OUT]]]`."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from codexwrap.drill.driver import Terminal
from tests.record import gemini_provider, guests
from tests.record.door import Door
from tests.record.guests import Scenario, Seat
from tests.record.scripted import Scripted

_KEY = "recorded-key-1"


class Gemini(guests.Guest):
    """Behind a door that stands for Google's hosts."""

    name = "gemini"
    seat_variable = "GEMINI_CLI_HOME"

    def provider(self, scenario: Scenario) -> Scripted:
        return gemini_provider.subscription() if scenario.auth == "oauth" else gemini_provider.provider()

    @contextmanager
    def surroundings(self, root: Path, provider: Scripted) -> Iterator[Mapping[str, str]]:
        with Door(gemini_provider.HOSTS, provider.port, root) as door:
            yield {"HTTPS_PROXY": door.url, "HTTP_PROXY": door.url, "NODE_EXTRA_CA_CERTS": str(door.authority)}

    def prepare(self, home: Path, cwd: Path, scenario: Scenario) -> Mapping[str, str]:
        folder = home / ".gemini"
        folder.mkdir()
        oauth = scenario.auth == "oauth"
        general: dict[str, object] = {
            "enableAutoUpdate": False,
            "enableAutoUpdateNotification": False,
            "previewFeatures": False,
        }
        if scenario.retries is not None:
            general["maxAttempts"] = scenario.retries
        settings = {
            "security": {
                "auth": {"selectedType": "oauth-personal" if oauth else "gemini-api-key"},
                "folderTrust": {"enabled": False},
            },
            "general": general,
            "privacy": {"usageStatisticsEnabled": False},
            "ui": {"theme": scenario.settings.get("theme", "Default")},
            "ide": {"hasSeenNudge": True, "enabled": False},
        }
        (folder / "settings.json").write_text(json.dumps(settings))
        env = {self.seat_variable: str(home), "GEMINI_CLI_NO_RELAUNCH": "1", "NO_BROWSER": "1"}
        if not oauth:
            return {**env, "GEMINI_API_KEY": _KEY}
        _write_login(home, "access-1")
        return env

    def ready(self, terminal: Terminal) -> None:
        terminal.wait_for(r"Typeyourmessageor@path|1\.Keeptrying", 90)
        terminal.settle(1.5, timeout=15)

    def session(self, home: Path) -> str:
        return "latest"

    def sign_in(self, seat: Seat) -> None:
        _write_login(seat.home, "access-2")
        seat.provider.accepted = None


def _write_login(home: Path, token: str) -> None:
    login = {
        "access_token": token,
        "refresh_token": f"refresh-of-{token}",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "token_type": "Bearer",
        "expiry_date": int((time.time() + 3600) * 1000),
    }
    (home / ".gemini/oauth_creds.json").write_text(json.dumps(login))
    (home / ".gemini/google_accounts.json").write_text(json.dumps({"active": "seat@example.com", "old": []}))


if __name__ == "__main__":
    from tests.record.gemini_scenarios import SCENARIOS

    raise SystemExit(guests.main(Gemini(), SCENARIOS, sys.argv[1:]))
