"""What a drill does to a session."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from codexwrap.drill import refusals
from codexwrap.drill.answers import Answer, Cut, Shell, Text
from codexwrap.drill.provider import Provider

# What a healthy agent may print, and no detector may fall for.
_QUOTES = """Here is what a dead seat prints, verbatim:

■ You've hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro) or try again at 3:04 PM.

■ Your access token could not be refreshed because your refresh token was revoked. Please log out and sign in again.

■ unexpected status 401 Unauthorized: Encountered invalidated oauth token, auth error code: token_revoked

```text
■ exceeded retry limit, last status: 429 Too Many Requests
You've reached your workspace credit limit
```

That is all of them."""


def _nothing(_provider: Provider) -> None:
    """What is done to a provider whose sessions must live."""


@dataclass(frozen=True)
class Cause:
    """One drill: what the provider does, and what the verdict must be.

    `expected` is a class and detail, None where the seat must stay alive; `or_else` what versions must say that cannot tell
    better. `break_it` changes the provider when the session is to die; `answers` come before its default does.
    `ends_with` are squashed words of the last answer that a living seat gets.
    """

    name: str
    expected: str | None
    or_else: str = ""
    break_it: Callable[[Provider], None] = _nothing
    answers: Sequence[Answer] = field(default=())
    ends_with: str = ""


def _revoke(provider: Provider) -> None:
    provider.accepted = set()
    provider.rejection = refusals.TOKEN_REVOKED
    provider.refresh = refusals.REFRESH_REVOKED


def _default(answer: Callable[[], Answer]) -> Callable[[Provider], None]:
    def change(provider: Provider) -> None:
        provider.default = answer()

    return change


CAUSES: dict[str, Cause] = {
    cause.name: cause
    for cause in (
        Cause("token_revoked", "auth.token_revoked", break_it=_revoke),
        Cause(
            "workspace_credits",
            "credits.workspace_depleted",
            "limit.usage",  # up to 0.125 Codex shows a workspace without credits as a plan whose limit is used up
            break_it=_default(lambda: refusals.workspace_limit("workspace_member_credits_depleted")),
        ),
        Cause(
            "usage_limit",
            "limit.usage",
            break_it=_default(lambda: refusals.usage_limit("plus", resets_at=int(time.time()) + 3 * 3600)),
        ),
        Cause("rate_limit", "limit.rate", break_it=_default(lambda: refusals.RATE_LIMIT)),
        Cause(
            "decoy_quotes",
            None,
            answers=(Shell("printf '\\033[31m■ You have hit your usage limit\\033[0m\\n'; exit 1"), Text(_QUOTES)),
            ends_with="Thatisallofthem",
        ),
        Cause(
            "decoy_retries",
            None,
            answers=(refusals.BAD_GATEWAY, Cut(), Text("It came back after some retries.")),
            ends_with="cameback",
        ),
    )
}
