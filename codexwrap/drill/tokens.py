"""Make sign-ins that sign nobody in."""

import base64
import json
import time
from typing import Any, NamedTuple

_LIFETIME = 30 * 86400  # seconds


class Login(NamedTuple):
    """Who is signed in, and with which tokens.

    `token` is the id by which the provider knows the access token: its `jti` claim, or the API key itself.
    """

    token: str = "access-1"  # noqa: S105 - a name, not a secret
    refresh_token: str = "refresh-1"  # noqa: S105
    account: str = "account-1"
    user: str = "user-1"
    plan: str = "plus"
    email: str = "seat@example.com"

    def tokens(self, *, at: float | None = None) -> dict[str, str]:
        """What a token endpoint answers: unsigned id and access tokens, good for 30 days, and the refresh token."""
        at = time.time() if at is None else at
        return {
            "id_token": _jwt(self._claims(at)),
            "access_token": _jwt({**self._claims(at), "jti": self.token}),
            "refresh_token": self.refresh_token,
        }

    def _claims(self, at: float) -> dict[str, Any]:
        return {
            "iss": "https://auth.openai.com",
            "iat": int(at),
            "exp": int(at) + _LIFETIME,
            "email": self.email,
            "email_verified": True,
            "sub": self.user,
            "https://api.openai.com/auth": {
                "chatgpt_plan_type": self.plan,
                "chatgpt_account_id": self.account,
                "chatgpt_user_id": self.user,
                "user_id": self.user,
                "organizations": [],
            },
            "https://api.openai.com/profile": {"email": self.email, "email_verified": True},
        }


def token_id(authorization: str | None) -> str | None:
    """The id of the token in an Authorization header: the `jti` of one of ours, else the bearer's own text."""
    bearer = (authorization or "").removeprefix("Bearer ").strip()
    try:
        payload = bearer.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["jti"])
    except (IndexError, ValueError, KeyError, TypeError):
        return bearer or None


def _jwt(claims: dict[str, Any]) -> str:
    header = {"alg": "none", "typ": "JWT"}
    return ".".join([_base64(json.dumps(header).encode()), _base64(json.dumps(claims).encode()), _base64(b"unsigned")])


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
