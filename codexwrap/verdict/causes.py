"""Name causes and their remedies."""

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from codexwrap.agents.look import Agent


class State(StrEnum):
    """What a seat is."""

    STARTING = "STARTING"
    IDLE = "IDLE"
    WORKING = "WORKING"
    SUSPECT = "SUSPECT"  # first sign of a death: checkpoint now, say nothing yet
    DEAD = "DEAD"  # the provider session is gone
    STALLED = "STALLED"  # nobody is working, and somebody must nudge
    UNKNOWN = "UNKNOWN"  # cannot be judged, and never a death
    EXITED = "EXITED"


class Cause(NamedTuple):
    """Why a seat died or stalled: `name` is `class.detail`, `recoverable` says by what, `remedy` who must do what."""

    name: str
    recoverable: str
    remedy: str

    @property
    def kind(self) -> str:
        return self.name.partition(".")[0]

    @property
    def state(self) -> State:
        """Whether the provider session is gone, or only nobody is working."""
        return State.DEAD if self.kind in _FATAL else State.STALLED


_FATAL = frozenset({"auth", "credits", "limit", "process"})

_RELOGIN = "Sign in again {sign_in}, then type any prompt: it goes on by itself."

_TABLE = (
    ("auth.token_revoked", "relogin", _RELOGIN),
    (
        "auth.refresh_reused",
        "relogin",
        _RELOGIN + " If two homes hold copies of one login, give each its own: the first to refresh kills the other.",
    ),
    ("auth.refresh_expired", "relogin", _RELOGIN),
    (
        "auth.refresh_failed",
        "relogin",
        "Type the prompt again; if it fails the same way, " + _RELOGIN[0].lower() + _RELOGIN[1:],
    ),
    (
        "auth.account_changed",
        "relogin",
        "This home was signed in to another account: sign in to the seat's own account, or restart the seat and resume it.",
    ),
    ("auth.unauthorized", "relogin", _RELOGIN),
    (
        "auth.api_key_rejected",
        "relogin",
        "The provider refuses this API key: put a valid one in place and restart the seat.",
    ),
    (
        "auth.login_required",
        "relogin",
        "Nobody is signed in: sign in {sign_in}.",
    ),
    ("credits.workspace_depleted", "billing", "The workspace's owner adds credits; then type any prompt."),
    ("credits.spend_cap", "billing", "The workspace's owner raises the spend cap; then type any prompt."),
    (
        "credits.quota_exceeded",
        "billing",
        "Whoever pays for this account raises its quota or plan; then type any prompt.",
    ),
    (
        "credits.not_in_plan",
        "billing",
        "This plan does not include the agent: whoever pays for the account upgrades it.",
    ),
    ("credits.workspace_deactivated", "billing", "The workspace is deactivated: its owner reactivates it."),
    ("limit.usage", "wait", "Wait until the limit resets{at}; then type any prompt."),
    ("limit.rate", "wait", "Wait a moment; then type the prompt again."),
    ("provider.overloaded", "retry", "Type the prompt again, or choose another model."),
    ("provider.server_error", "retry", "Type the prompt again: the provider failed."),
    (
        "provider.forbidden",
        "retry",
        "The provider refuses this network or account: change that, then type the prompt again.",
    ),
    ("provider.stream_lost", "retry", "Type the prompt again: the answer broke off."),
    ("network.unreachable", "wait", "Bring the network back; the agent goes on by itself, or at the next prompt."),
    ("network.server_lost", "wait", "The agent's background server is gone: restart this seat (`codexwrap restart`)."),
    (
        "context.window_exceeded",
        "new_thread",
        "Start a new thread{new_thread}, or have this one summed up, then go on.",
    ),
    ("stall.no_progress", "retry", "Look at the seat: it says that it works, and nothing has come for long."),
    (
        "process.startup_failed",
        "restart",
        "The agent did not start: read its last lines, mend that, start the seat again.",
    ),
    ("process.exited_error", "restart", "The agent ended with an error: `codexwrap resume` brings the seat back."),
    ("process.crashed", "restart", "The agent crashed: `codexwrap resume` brings the seat back."),
    ("process.killed", "restart", "Somebody or the system killed the agent: `codexwrap resume` brings the seat back."),
    ("process.wrapper_lost", "restart", "The wrapper of this seat is gone: `codexwrap resume` brings the seat back."),
    ("unknown.banner", "look", "Look at the seat: it shows an error that codexwrap does not know."),
)

CAUSES = {name: Cause(name, recoverable, remedy) for name, recoverable, remedy in _TABLE}


def remedy(cause: Cause, agent: "Agent | None" = None, *, reset: str = "") -> str:
    """The remedy as one sentence; `reset` is the time of day at which a limit ends, where it is known."""
    return cause.remedy.format(
        at=f" at {reset}" if reset else "",
        sign_in=agent.sign_in if agent else "at the seat",
        new_thread=f" ({agent.new_thread})" if agent else "",
    )
