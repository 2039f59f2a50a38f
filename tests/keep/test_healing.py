import json
import os
from pathlib import Path
from typing import Any

import pytest

from codexwrap import agents
from codexwrap.keep.about import About
from codexwrap.keep.healing import MARGIN, Healing
from codexwrap.keep.witness import Witness


@pytest.fixture
def home(tmp_path: Path) -> Path:
    sign_in(tmp_path, "acct-1", "one")
    return tmp_path


def sign_in(home: Path, account: str, token: str) -> None:
    new = home / "new"
    new.write_text(json.dumps({"tokens": {"account_id": account, "access_token": token}}))
    new.replace(home / "auth.json")


def healing(home: Path) -> Healing:
    about = About("alpha", "run", ["codex"], "/", os.getpid(), 0.0)
    return Healing(Witness(about, agents.AGENTS["codex"], {"CODEX_HOME": str(home)}))


def died(home: Path, cause: str, **more: Any) -> dict[str, Any]:
    return {"cause": cause, "sign_in": healing(home).at_death(), "resets_at": None, **more}


def test_a_new_sign_in_heals_what_died_of_the_old_one(home: Path) -> None:
    record = died(home, "auth.token_revoked")
    assert healing(home).look(record) is None
    sign_in(home, "acct-1", "two")
    found = healing(home).look(record)
    assert found is not None
    assert found[1]
    assert "the next prompt will work" in found[0]


def test_another_account_heals_nothing_in_place_and_that_is_said(home: Path) -> None:
    record = died(home, "auth.token_revoked")
    sign_in(home, "acct-2", "two")
    words, works = healing(home).look(record) or ("", True)
    assert not works
    assert "`codexwrap restart`" in words


@pytest.mark.parametrize("text", ["", "{", '{"tokens": null}'])
def test_no_sign_in_and_half_of_one_heal_nothing(home: Path, text: str) -> None:
    record = died(home, "auth.token_revoked")
    (home / "auth.json").write_text(text)
    assert healing(home).look(record) is None
    (home / "auth.json").unlink()
    assert healing(home).look(record) is None


def test_a_limit_is_over_some_time_behind_its_end(home: Path) -> None:
    record = died(home, "limit.usage", resets_at=1000)
    assert healing(home).look(record, 1000 + MARGIN - 1) is None
    assert (healing(home).look(record, 1000 + MARGIN) or ("", False))[1]
    assert healing(home).look(died(home, "limit.usage"), 5000) is None


def test_nothing_else_is_healed_by_itself(home: Path) -> None:
    record = died(home, "credits.spend_cap", resets_at=1000)
    sign_in(home, "acct-1", "two")
    assert healing(home).look(record, 5000) is None
    assert healing(home).look({"cause": None}, 5000) is None


def test_what_is_kept_of_a_sign_in_is_no_secret(home: Path) -> None:
    kept = str(healing(home).at_death())
    assert "acct-1" not in kept
    assert "one" not in kept
