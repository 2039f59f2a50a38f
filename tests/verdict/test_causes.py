import re

import pytest

from codexwrap.agents import AGENTS
from codexwrap.verdict.causes import CAUSES, State, remedy

# The table of the design: class -> details, and by what it is recoverable.
DESIGN = {
    "auth": "token_revoked refresh_reused refresh_expired refresh_failed account_changed unauthorized api_key_rejected "
    "login_required",
    "credits": "workspace_depleted spend_cap quota_exceeded not_in_plan workspace_deactivated",
    "limit": "usage rate",
    "provider": "overloaded server_error forbidden stream_lost",
    "network": "unreachable server_lost",
    "context": "window_exceeded",
    "stall": "no_progress",
    "process": "startup_failed exited_error crashed killed wrapper_lost",
    "unknown": "banner",
}
RECOVERABLE = {
    "auth": "relogin",
    "credits": "billing",
    "limit": "wait",
    "provider": "retry",
    "network": "wait",
    "context": "new_thread",
    "stall": "retry",
    "process": "restart",
    "unknown": "look",
}


def test_the_causes_are_those_that_others_rely_on() -> None:
    names = {f"{kind}.{detail}" for kind, details in DESIGN.items() for detail in details.split()}
    assert set(CAUSES) == names
    assert {name: cause.recoverable for name, cause in CAUSES.items()} == {
        name: RECOVERABLE[name.partition(".")[0]] for name in names
    }


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_is_a_death_only_when_the_provider_session_is_gone(name: str) -> None:
    gone = name.partition(".")[0] in ("auth", "credits", "limit", "process")
    assert CAUSES[name].state is (State.DEAD if gone else State.STALLED)


@pytest.mark.parametrize("name", CAUSES)
def test_every_remedy_is_a_whole_sentence_with_no_place_left_open(name: str) -> None:
    told = [remedy(CAUSES[name], agent, reset="15:16") for agent in AGENTS.values()]
    for text in (remedy(CAUSES[name]), *told):
        assert re.fullmatch(r"[A-Z][^{}\n]+\.", text)


def test_a_remedy_says_how_people_sign_in_to_that_agent() -> None:
    told = {name: remedy(CAUSES["auth.token_revoked"], agent) for name, agent in AGENTS.items()}
    assert "`codex login`" in told["codex"]
    assert "`/login`" in told["claude"]
    assert "`/auth`" in told["gemini"]


def test_a_remedy_names_the_hour_at_which_a_limit_ends() -> None:
    assert "resets at 15:16;" in remedy(CAUSES["limit.usage"], reset="15:16")
    assert "resets;" in remedy(CAUSES["limit.usage"])
    assert remedy(CAUSES["auth.token_revoked"], reset="15:16") == remedy(CAUSES["auth.token_revoked"])
