"""Notice that a dead seat could go on."""

import os
import time
from pathlib import Path
from typing import Any

from codexwrap import credential
from codexwrap.keep.witness import Witness

MARGIN = 60.0  # seconds behind the time at which a limit ends
_OTHER = "Another account has signed in: this seat refuses it as it stands; `codexwrap restart` opens its session anew."
_SIGNED_IN = "Somebody has signed in again: the next prompt will work; type it."
_OVER = "The limit is over: the next prompt will work; type it."


def mark(path: Path) -> str | None:
    """What changes when a credential file is replaced; None where there is none."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return f"{seen.st_ino}-{seen.st_size}-{seen.st_mtime_ns}"


class Healing:
    """Looks whether what a seat died of is mended: its sign-in, or a limit of which the end is known."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    def at_death(self) -> dict[str, str | None]:
        """What to keep of the sign-in that the seat died with."""
        return {"file": mark(self._witness.credential_file), "account": self._account()}

    def look(self, record: dict[str, Any], now: float | None = None) -> tuple[str, bool] | None:
        """Words for the operator, and whether the next prompt would work; None while nothing is mended.

        `record` is what is kept of the seat; `now` is epoch seconds.
        """
        cause, before = str(record.get("cause")), record.get("sign_in")
        if cause.startswith("auth.") and isinstance(before, dict):
            return self._signed_in(before)
        resets_at = record.get("resets_at")
        if cause.startswith("limit.") and isinstance(resets_at, int | float):
            return (_OVER, True) if (time.time() if now is None else now) >= resets_at + MARGIN else None
        return None

    def _signed_in(self, before: dict[str, Any]) -> tuple[str, bool] | None:
        path = self._witness.credential_file
        present = mark(path)
        if present is None or present == before.get("file") or not os.access(path, os.R_OK):
            return None
        was, account = before.get("account"), self._account()
        if account is None:  # half of a file: the rest will follow
            return None
        if was and was != account:
            return _OTHER, False
        return _SIGNED_IN, True

    def _account(self) -> str | None:
        """Who is signed in, without telling who; None where that cannot be learnt."""
        account = self._witness.account()
        return credential.of(os.sep, account) if account else None
