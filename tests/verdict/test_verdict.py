"""What a seat is, from the frames that its agent draws: small made-up looks, read from left to right in time."""

import pytest

from codexwrap.agents import codex
from codexwrap.agents.look import Banner, Live, Look, Page, Report, squash
from codexwrap.verdict.causes import State
from codexwrap.verdict.verdict import Change, Judge

REVOKED = (
    "Your access token could not be refreshed because your refresh token was revoked. Please log out and sign in again."
)
LIMIT = "You've hit your usage limit. Try again at 3:04 PM."
UNKNOWN = "The moon is full, and nothing works."


def banner(text: str) -> Banner:
    return Banner(5, text, squash(text))


IDLE = Look(draft="")
TYPED = Look(draft="go on")
SENT = Look(draft="", prompt="goon", prompts=1)
WORKS = Look(draft="", prompt="goon", prompts=1, live=Live.WORKING)
ANSWERED = Look(draft="", prompt="goon", prompts=1, answered=True)
DEAD = Look(draft="", prompt="goon", prompts=1, banner=banner(REVOKED))
LIMITED = DEAD._replace(banner=banner(LIMIT))


def seat(*looks: Look, start: bool = True, step: float = 0.5) -> Judge:
    """A judge that has seen these frames, half a second apart, and then four seconds of nothing."""
    judge = Judge(codex)
    if start:
        judge.began()
    for number, look in enumerate(looks):
        judge.frame(look, number * step)
    for tenth in range(1, 41):
        judge.tick(len(looks) * step + tenth / 10)
    return judge


def told(judge: Judge) -> list[str]:
    """The changes, by cause where they have one."""
    return [change.cause.name if change.cause else change.state.value for change in judge.take()]


def opened(judge: Judge) -> Change:
    assert judge.episode is not None
    return judge.episode


def test_a_turn_that_ends_well_leaves_the_seat_idle() -> None:
    assert told(seat(IDLE, TYPED, SENT, WORKS, ANSWERED)) == ["IDLE", "WORKING", "IDLE"]


def test_a_fatal_cell_at_the_live_end_of_a_running_turn_is_a_death_from_its_first_frame_on() -> None:
    judge = seat(IDLE, WORKS, DEAD)
    assert (opened(judge).state, opened(judge).at) == (State.DEAD, 1.0)
    assert opened(judge).cause is not None
    assert told(judge) == ["IDLE", "WORKING", "auth.token_revoked"]


def test_an_old_death_that_a_resumed_session_paints_again_is_none() -> None:
    judge = seat(IDLE, DEAD)
    assert judge.episode is None
    assert "no turn was running" in judge.notes[0][1]


def test_what_a_shell_command_of_the_user_draws_is_no_death() -> None:
    judge = seat(IDLE, Look(draft="!cat log"), IDLE._replace(live=Live.WORKING), IDLE._replace(banner=banner(REVOKED)))
    assert judge.episode is None
    assert "a local command drew it" in judge.notes[0][1]


def test_a_compaction_that_the_provider_refuses_is_a_death() -> None:
    failed = banner("Error running remote compact task: " + LIMIT)
    judge = seat(IDLE, Look(draft="/compact"), IDLE._replace(live=Live.WORKING), IDLE._replace(banner=failed))
    assert told(judge)[-1] == "limit.usage"


def test_three_prompts_into_a_dead_seat_are_one_death() -> None:
    again = (TYPED._replace(prompts=1, passed=(banner(REVOKED),)), WORKS, DEAD)
    assert told(seat(IDLE, WORKS, DEAD, *again, *again)).count("auth.token_revoked") == 1


def test_a_later_turn_that_ends_well_ends_the_death() -> None:
    judge = seat(IDLE, WORKS, DEAD, TYPED, SENT, WORKS, ANSWERED)
    assert judge.episode is None
    assert told(judge)[-1] == "IDLE"


def test_a_seat_may_die_again_and_of_something_else() -> None:
    judge = seat(IDLE, WORKS, LIMITED, TYPED, SENT, WORKS, ANSWERED, ANSWERED, ANSWERED, ANSWERED, TYPED, WORKS, DEAD)
    assert [name for name in told(judge) if "." in name] == ["limit.usage", "auth.token_revoked"]


def test_a_popup_or_an_overlay_over_the_words_does_not_end_the_death() -> None:
    assert opened(seat(IDLE, WORKS, DEAD, Look(page=Page.OVERLAY), Look(popup="Selectmodel"))).cause is not None


def test_a_death_whose_queued_line_is_sent_in_the_same_frame_is_seen() -> None:
    dead = banner(LIMIT)
    queued = Look(draft="", prompt="next", prompts=2, passed=(dead,), overtaken=dead, overtaken_prompt="goon")
    assert opened(seat(IDLE, WORKS, queued)).at == 1.0


def test_words_that_nobody_knows_are_a_stall_once_they_stay() -> None:
    judge = seat(IDLE, WORKS, DEAD._replace(banner=banner(UNKNOWN)))
    assert told(judge)[-1] == "unknown.banner"
    assert opened(judge).state is State.STALLED
    assert opened(judge).evidence[0].says == UNKNOWN


def test_what_the_agent_answers_to_esc_is_harmless() -> None:
    assert seat(IDLE, WORKS, DEAD._replace(banner=banner("Conversation interrupted - tell the model"))).episode is None


def test_a_reported_error_without_words_is_a_stall() -> None:
    judge = seat(IDLE, WORKS)
    judge.report(Report.WORKING, 2.0)
    judge.report(Report.ERROR, 6.0)
    judge.frame(SENT, 6.1)
    judge.tick(9.0)
    assert told(judge)[-1] == "unknown.banner"


def test_a_stream_joined_in_its_middle_knows_nothing_until_it_sees_a_turn() -> None:
    assert seat(IDLE, start=False).state is State.STARTING
    assert seat(IDLE, ANSWERED, start=False).state is State.IDLE


def test_a_gap_in_the_stream_makes_a_living_seat_unknown_and_leaves_a_dead_one_dead() -> None:
    for look, state in ((ANSWERED, State.UNKNOWN), (DEAD, State.DEAD)):
        judge = seat(IDLE, WORKS, look)
        judge.skipped(20.0)
        assert judge.state is state


@pytest.mark.parametrize(
    ("live", "patience", "cause"),
    [
        (Live.NO_SERVER, 5, "network.server_lost"),
        (Live.NO_NETWORK, 10, "network.unreachable"),
        (Live.RETRYING, 180, "provider.stream_lost"),
        (Live.WORKING, 900, "stall.no_progress"),
    ],
)
def test_a_live_row_that_says_the_same_for_too_long_is_a_stall(live: Live, patience: float, cause: str) -> None:
    judge = Judge(codex)
    judge.began()
    judge.frame(IDLE, 0.0)
    judge.frame(WORKS._replace(live=live, live_text="the row"), 1.0)
    judge.tick(patience)
    assert judge.episode is None
    judge.tick(1.0 + patience)
    assert told(judge)[-1] == cause


@pytest.mark.parametrize(
    ("status", "signal", "cause"),
    [
        (137, "KILL", "process.killed"),
        (139, "SEGV", "process.crashed"),
        (1, "", "process.startup_failed"),
        (0, "", None),
    ],
)
def test_the_end_of_the_process_is_a_death_unless_the_user_ended_it(
    status: int, signal: str, cause: str | None
) -> None:
    judge = seat(IDLE)
    judge.ended(status, signal, 9.0)
    assert (judge.episode.cause.name if judge.episode and judge.episode.cause else None) == cause
    assert judge.state is State.EXITED
