"""What can happen in a scenario, step by step."""

import re
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from codexwrap.drill import backend, codexhome, processes, refusals, talk
from codexwrap.drill.answers import Answer, Cut, Failed, HttpError, Incomplete, Stall, Text
from codexwrap.drill.driver import squash
from codexwrap.drill.tokens import Login
from tests.record.stage import Episode, Stage

Step = Callable[[Stage], None]
Says = Mapping[str, str | None]

ESC, ENTER, TAB, BACKSPACE = "\x1b", "\r", "\t", "\x7f"
CTRL_C, CTRL_T, CTRL_D, CTRL_J = "\x03", "\x14", "\x04", "\n"

GOOD = Text(
    "I looked at the repo. The parser is in `src/parse.py` and its tests pass.\n\n- step one is done\n- step two is next"
)


@dataclass(frozen=True)
class Death:
    """How the provider ends a session, and the words by which Codex tells it.

    `answer` makes the answer from the epoch second at which the limit resets, which is `resets_in` seconds from now, or
    from None. `says`: see Episode. `refresh` is what the token endpoint answers; `reached` what the usage page says from
    then on; `revokes` that the provider takes no token any more that it took before.
    """

    cause: str
    answer: Callable[[int | None], Answer]
    says: Says
    resets_in: int | None = None
    plan: str = "plus"
    auth: codexhome.Auth = "chatgpt"
    refresh: HttpError | Login | None = None
    revokes: bool = False
    reached: str | None = None
    wait: float = 60


# --- turns -----------------------------------------------------------------------------------------------------------


def works(*answers: Answer, prompt: str = "please do the next step of the work", shows: str | None = None) -> Step:
    """A turn that ends well. Its last answer is words, which are then on the screen."""

    def step(stage: Stage) -> None:
        _type(stage, prompt)
        _see_good_turn(stage, answers or (GOOD,), shows)

    return step


def dies(death: Death, *before: Answer, prompt: str = "and now the next step please") -> Step:
    """A turn that the provider ends, after the answers `before`."""

    def step(stage: Stage) -> None:
        begins_to_die(death, *before, prompt=prompt)(stage)
        is_dead(death)(stage)

    return step


def begins_to_die(death: Death, *before: Answer, prompt: str = "and now the next step please") -> Step:
    """The beginning of that turn, without waiting for its end."""

    def step(stage: Stage) -> None:
        stage.deadly = _kill(stage, death, before)
        _type(stage, prompt)

    return step


def is_dead(death: Death) -> Step:
    """The end of that turn: the provider has given its answer, and the screen tells it."""

    def step(stage: Stage) -> None:
        terminal, answer = stage.terminal, stage.deadly
        terminal.wait_for(lambda: answer and stage.answered(answer), death.wait)
        terminal.wait_for(_any(death.says), death.wait)
        talk.finish(terminal)
        exchange = answer and stage.answered(answer)
        episode = stage.episodes[-1]
        if episode.error_at is None and exchange:
            episode.error_at = exchange.answered_at
        stage.demand(terminal.status is None, "the program has ended")

    return step


def again(prompt: str = "go") -> Step:
    """One more prompt into a dead session."""

    def step(stage: Stage) -> None:
        start = len(stage.provider.turns)
        _type(stage, prompt)
        stage.terminal.wait_for(lambda: [e for e in stage.provider.turns[start:] if e.answered_at])
        talk.finish(stage.terminal)

    return step


def mends(answer: Answer = GOOD) -> Step:
    """The provider answers well again: whatever ended the session has passed."""

    def step(stage: Stage) -> None:
        stage.provider.default = answer
        stage.provider.accepted = stage.provider.refresh = None
        stage.provider.usage = lambda: backend.usage(stage.provider.plan)

    return step


def signs_in(account: str = "account-1") -> Step:
    """The user signs in again: new credentials in the home, which the provider takes from now on."""

    def step(stage: Stage) -> None:
        login = Login(token="access-2", refresh_token="refresh-2", account=account, plan=stage.provider.plan)
        mends()(stage)
        stage.provider.accepted = {login.token}
        codexhome.replace_auth(stage.home, login)

    return step


def signs_in_elsewhere() -> Step:
    """The credentials in the home become another account's, under the running Codex."""

    def step(stage: Stage) -> None:
        login = Login(token="access-3", refresh_token="refresh-3", account="account-3", user="user-3")
        stage.provider.accounts = [*stage.provider.accounts, login.account]
        codexhome.replace_auth(stage.home, login)

    return step


def signs_out() -> Step:
    """The credentials in the home are gone, under the running Codex."""
    return lambda stage: codexhome.replace_auth(stage.home, Login(), auth="none")


def replays(says: Says, *arguments: str, shown: bool | None = None) -> Step:
    """Codex is started again with this thread: `{id}` in the arguments stands for it. Only from here on is recorded.

    `shown` demands that the old death is drawn again, or that it is not.
    """

    def step(stage: Stage) -> None:
        mends()(stage)
        thread = stage.thread()
        stage.reopen(*(argument.format(id=thread) for argument in arguments))
        stage.terminal.settle(1.0)
        found = any(stage.terminal.shows(pattern) for pattern in says)
        stage.demand(shown is None or shown == found, f"the old death is {'' if found else 'not '}drawn again")

    return step


# --- hands -----------------------------------------------------------------------------------------------------------


def types(text: str, *, enter: bool = False, shows: str | None = None) -> Step:
    """Text in the composer; with `enter` it is sent, but nothing is asked of what follows."""

    def step(stage: Stage) -> None:
        _type(stage, text, enter=enter)
        if shows is not None:
            stage.terminal.wait_for(shows)
        stage.terminal.settle(0.6, timeout=3)

    return step


def starts_anew() -> Step:
    """A new thread in the running Codex; newer versions ask where."""

    def step(stage: Stage) -> None:
        _type(stage, "/new")
        time.sleep(2)
        if stage.terminal.shows("Whereshouldthenewconversationrun"):
            stage.terminal.send(ENTER)
            time.sleep(2)

    return step


def pastes(text: str) -> Step:
    """A bracketed paste."""
    return presses(f"\x1b[200~{text}\x1b[201~")


def presses(*keys: str, shows: str | None = None) -> Step:
    """Keys, one after the other, and then, where asked for, what they bring to the screen."""

    def step(stage: Stage) -> None:
        for key in keys:
            stage.terminal.send(key)
            time.sleep(1.5)  # a lone Esc is taken for one only after a while
        if shows is not None:
            stage.terminal.wait_for(shows)
        stage.terminal.settle(0.5, timeout=5)

    return step


def resizes(columns: int, lines: int) -> Step:
    def step(stage: Stage) -> None:
        stage.terminal.resize(columns, lines)
        stage.terminal.settle(0.7, timeout=5)

    return step


def waits(seconds: float) -> Step:
    """Time passes, whatever the screen does."""
    return lambda _: time.sleep(seconds)


def sees(pattern: str, timeout: float = 60) -> Step:
    """Demands that the squashed screen shows it."""
    return lambda stage: stage.terminal.wait_for(pattern, timeout)


def is_busy() -> Step:
    """Demands that a turn is running."""
    return lambda stage: stage.demand(talk.busy(stage.terminal), "no turn is running")


# --- the world -------------------------------------------------------------------------------------------------------


def sets(**attributes: Any) -> Step:
    """The provider's attributes."""

    def step(stage: Stage) -> None:
        for name, value in attributes.items():
            setattr(stage.provider, name, value)

    return step


def goes_offline() -> Step:
    return lambda stage: stage.provider.go_offline()


def goes_online() -> Step:
    return lambda stage: stage.provider.go_online()


def loses_network(says: Says, *, prompt: str = "and now the next step please", wait: float = 60) -> Step:
    """A turn into a network that is not there."""

    def step(stage: Stage) -> None:
        stage.provider.go_offline()
        at = time.time()
        _type(stage, prompt)
        episode = Episode("network.unreachable", says, {"kind": "connection refused"}, error_at=at)
        stage.episodes.append(episode)
        stage.terminal.wait_for(_any(says), wait)
        episode.by_age = talk.busy(stage.terminal)
        stage.terminal.settle(1.0, timeout=2)

    return step


def no_progress(seconds: float) -> Step:
    """A turn to which the provider says nothing at all, for longer than `seconds`."""
    death = Death("stall.no_progress", lambda _: Stall(text=""), {r"Working\([\dhms]+•esctointerrupt": None})

    def step(stage: Stage) -> None:
        begins_to_die(death)(stage)
        answer, terminal = stage.deadly, stage.terminal
        terminal.wait_for(lambda: answer and stage.answered(answer))
        terminal.wait_for(_any(death.says))
        stage.episodes[-1].error_at, stage.episodes[-1].by_age = stage.provider.turns[-1].answered_at, True
        time.sleep(seconds)
        stage.demand(terminal.shows(_any(death.says)), "it has come to an end")

    return step


def kills_codex(number: signal.Signals, cause: str | None) -> Step:
    """Somebody sends Codex a signal, and it ends."""

    def step(stage: Stage) -> None:
        if cause:
            stage.episodes.append(Episode(cause, {}, {"kind": "signal", "signal": number.name}, error_at=time.time()))
        for pid in processes.with_variable("CODEX_HOME", str(stage.home)):
            if pid != stage.terminal.pid:  # which is the launcher from npm: it ends as its child does
                processes.send(pid, number)
        stage.status = stage.terminal.wait()

    return step


def ends(*keys: str, status: int = 0) -> Step:
    """The user leaves, by these keys or words."""

    def step(stage: Stage) -> None:
        for key in keys:
            stage.terminal.send(key)
            time.sleep(0.3)
        stage.status = stage.terminal.wait()
        stage.demand(stage.status == status, f"it ended with status {stage.status}")

    return step


def kills_server(says: Says, *, wait: float = 30) -> Step:
    """The background server that several Codex share is killed."""

    def step(stage: Stage) -> None:
        pids = processes.with_variable("CODEX_HOME", str(stage.home))
        servers = [pid for pid in pids if "app-server" in processes.command(pid)]
        stage.demand(servers, "there is no background server")
        at = time.time()
        for pid in servers:
            processes.send(pid, signal.SIGKILL)
        facts = {"kind": "server killed"}
        stage.episodes.append(Episode("network.server_lost", says, facts, error_at=at, by_age=True))
        stage.terminal.wait_for(_any(says), wait)

    return step


def fails_to_start(death: Death, *, status: int) -> Step:
    """Codex, started anew, ends by itself."""

    def step(stage: Stage) -> None:
        stage.provider.log.clear()
        answer = _kill(stage, death, ())
        assert isinstance(answer, HttpError)
        stage.provider.backend_error = answer
        episode = stage.episodes[-1]
        stage.terminal.close()
        stage.terminal = stage.launch()
        stage.status = stage.terminal.wait(60)
        stage.demand(stage.status == status, f"it ended with status {stage.status}")
        stage.demand(_match(stage, death.says), "it says something else")
        exchange = next((e for e in stage.provider.log if e.answer is answer), None)
        stage.demand(exchange, "the provider was not asked")
        episode.error_at = exchange.answered_at if exchange else None

    return step


def known_limit(reached: str) -> Step:
    """A good turn by whose headers, and by the usage page, it is known already that a workspace's limit is reached."""

    def step(stage: Stage) -> None:
        stage.provider.usage = lambda: backend.usage(stage.provider.plan, used_percent=100, reached=reached)
        headers = refusals.limit_headers(used_percent=100, reached=reached)
        works(replace(GOOD, headers=headers))(stage)

    return step


def signed_out(says: Says) -> Step:
    """Codex, started anew, finds nobody signed in."""

    def step(stage: Stage) -> None:
        codexhome.replace_auth(stage.home, Login(), auth="none")
        stage.reopen(alive=False)
        at = time.time()
        stage.terminal.wait_for(_any(says))
        stage.terminal.settle(1.0)
        stage.episodes.append(Episode("auth.login_required", says, {"kind": "no credentials"}, error_at=at))

    return step


# --- below -----------------------------------------------------------------------------------------------------------


def _kill(stage: Stage, death: Death, before: tuple[Answer, ...]) -> Answer:
    resets_at = int(time.time()) + death.resets_in if death.resets_in is not None else None
    answer = death.answer(resets_at)
    provider = stage.provider
    provider.queue.extend(before)
    provider.default = answer
    provider.refresh = death.refresh
    if death.revokes and not before:
        provider.rejection, provider.accepted = answer, set()
    if death.reached:
        provider.usage = lambda: backend.usage(provider.plan, used_percent=100, reached=death.reached)
    if stage.open_episode is None:
        facts = _facts(death, answer, provider.plan, resets_at)
        stage.episodes.append(Episode(death.cause, death.says, facts, resets_at))
    return answer


def _see_good_turn(stage: Stage, answers: tuple[Answer, ...], shows: str | None) -> None:
    last = answers[-1]
    assert isinstance(last, Text)
    start = len(stage.provider.log)
    words = shows or re.escape(squash(last.text.splitlines()[-1].strip("`*_#|>- "))[-16:])
    stage.provider.queue.extend(answers)
    stage.terminal.wait_for(lambda: stage.answered(last, start), 60 + sum(answer.delay for answer in answers))
    stage.terminal.wait_for(words)
    talk.finish(stage.terminal)
    if episode := stage.open_episode:
        exchange = stage.answered(last, start)
        episode.alive_at = exchange.answered_at if exchange else None


def _type(stage: Stage, text: str, *, enter: bool = True) -> None:
    stage.terminal.type(text, enter=enter)


def _any(says: Says) -> str:
    return "|".join(f"(?:{pattern})" for pattern in says)


def _match(stage: Stage, says: Says) -> bool:
    return stage.terminal.shows(_any(says))


def _facts(death: Death, answer: Answer, plan: str, resets_at: int | None) -> dict[str, Any]:
    """What the provider answered, in words for people and for who checks the label."""
    facts: dict[str, Any] = {"plan": plan, "auth": death.auth}
    match answer:
        case HttpError(status=status, body=body):
            error = body.get("error", body.get("detail")) if isinstance(body, Mapping) else body
            facts |= {"kind": "http", "status": status}
            facts |= (
                {key: error[key] for key in ("code", "type") if error.get(key)} if isinstance(error, Mapping) else {}
            )
        case Failed(error=error):
            facts |= {"kind": "response.failed", "code": error.get("code")}
        case Incomplete(reason=reason):
            facts |= {"kind": "response.incomplete", "reason": reason}
        case Cut():
            facts["kind"] = "cut"
        case Stall():
            facts["kind"] = "stall"
        case _:
            raise TypeError(f"no death: {answer}")
    if isinstance(death.refresh, HttpError):
        error = death.refresh.body["error"] if isinstance(death.refresh.body, Mapping) else {}
        facts["refresh"] = {"status": death.refresh.status, "code": error.get("code")}
    reached = answer.headers.get("x-codex-rate-limit-reached-type") or death.reached
    return {**facts, "reached": reached, "resets_at": resets_at}
