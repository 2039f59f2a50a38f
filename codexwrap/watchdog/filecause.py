"""Name the cause in a session's file."""

from codexwrap.agents.look import Agent, Finding
from codexwrap.verdict.causes import CAUSES
from codexwrap.verdict.verdict import Change, Evidence
from codexwrap.watchdog.sessionlog import SessionLog

# What Codex calls its errors (`codex_error_info`), for messages that its screen never shows.
_KINDS = {
    "unauthorized": "auth.unauthorized",
    "usage_limit_exceeded": "limit.usage",
    "rate_limit_exceeded": "limit.rate",
    "context_window_exceeded": "context.window_exceeded",
    "server_overloaded": "provider.overloaded",
    "internal_server_error": "provider.server_error",
    "http_connection_failed": "network.unreachable",
    "response_stream_connection_failed": "network.unreachable",
    "response_stream_disconnected": "provider.stream_lost",
}
# `rate_limit_reached_type`: a limit of the workspace's has the same words as one of the user's.
_REACHED = (("credits_depleted", "credits.workspace_depleted"), ("usage_limit_reached", "credits.spend_cap"))


def change(agent: Agent, log: SessionLog) -> Change | None:
    """The death or stall that a session's last turn ended in; None where it did not. Its time is in epoch seconds.

    The keeper of the seat adds the file's own words to the evidence.
    """
    if not log.dead:
        return None
    found = agent.explain(log.message) or Finding(_KINDS.get(log.error, "unknown.banner"), log.message)
    name = found.cause
    if name == "limit.usage" and log.reached.startswith("workspace_"):
        name = next((cause for end, cause in _REACHED if log.reached.endswith(end)), name)
    cause = CAUSES[name]
    quoted = () if agent.explain(log.message) else (Evidence("rollout", log.message or log.error),)
    return Change(log.failed, cause.state, cause, found.until, quoted)
