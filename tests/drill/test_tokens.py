"""Sign-ins that sign nobody in."""

import base64
import json

import pytest

from codexwrap.drill.tokens import Login, token_id


def test_an_access_token_is_known_by_its_id() -> None:
    tokens = Login(token="access-5").tokens()
    assert token_id("Bearer " + tokens["access_token"]) == "access-5"


def test_tokens_carry_who_is_signed_in_and_are_good_for_a_while() -> None:
    tokens = Login(account="account-9", plan="team", refresh_token="refresh-9").tokens(at=1000)
    payload = tokens["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims["https://api.openai.com/auth"]["chatgpt_account_id"] == "account-9"
    assert claims["https://api.openai.com/auth"]["chatgpt_plan_type"] == "team"
    assert claims["exp"] > 1000 + 86400
    assert tokens["refresh_token"] == "refresh-9"


@pytest.mark.parametrize(
    ("header", "known"), [("Bearer sk-key", "sk-key"), ("Bearer a.b.c", "a.b.c"), ("", None), (None, None)]
)
def test_a_token_of_another_kind_is_known_by_itself(header: str | None, known: str | None) -> None:
    assert token_id(header) == known
