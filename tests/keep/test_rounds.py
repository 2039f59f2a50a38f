from codexwrap.keep.about import Scene
from codexwrap.keep.rounds import Rounds
from codexwrap.story import Session
from codexwrap.verdict.causes import State

SCENE = Scene(("row",), "prompt")


class Roller:
    def __init__(self) -> None:
        self.rolled: list[str] = []

    def roll(self, trigger: str, scene: Scene, session: Session | None) -> None:
        assert scene is SCENE
        self.rolled.append(str(trigger))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def play(*states: State, minutes: float = 5) -> tuple[list[str], Rounds, Clock, Roller]:
    roller, clock = Roller(), Clock()
    rounds = Rounds(roller, minutes, clock)
    for state in states:
        rounds.look(state, lambda: SCENE, None)
    return roller.rolled, rounds, clock, roller


def test_a_checkpoint_is_made_when_the_agent_is_up_and_at_each_end_of_a_turn() -> None:
    states = (State.STARTING, State.IDLE, State.IDLE, State.WORKING, State.WORKING, State.IDLE, State.WORKING)
    assert play(*states)[0] == ["START", "TURN"]
    assert play(State.WORKING, State.SUSPECT, State.WORKING, State.IDLE)[0] == ["START", "TURN"]


def test_a_turn_in_which_the_program_ended_is_kept_too() -> None:
    assert play(State.IDLE, State.WORKING, State.EXITED)[0] == ["START", "TURN"]
    assert play(State.IDLE, State.EXITED)[0] == ["START"]


def test_nothing_is_made_of_a_seat_that_is_dead_until_it_is_back() -> None:
    assert play(State.STARTING, State.DEAD, State.EXITED)[0] == []
    assert play(State.IDLE, State.WORKING, State.DEAD, State.IDLE)[0] == ["START", "TURN"]


def test_between_turns_the_tree_is_looked_at_every_so_often() -> None:
    rolled, rounds, clock, _ = play(State.IDLE, State.WORKING)
    assert rounds.patience == 300
    clock.now += 299
    rounds.look(State.WORKING, lambda: SCENE, None)
    assert rolled == ["START"]
    clock.now += 1
    assert rounds.patience == 0
    rounds.look(State.WORKING, lambda: SCENE, None)
    assert (rolled, rounds.patience) == (["START", "CHANGE"], 300)


def test_a_seat_that_is_dead_or_has_not_begun_waits_for_nothing() -> None:
    for states in ((State.STARTING,), (State.IDLE, State.DEAD), (State.IDLE, State.EXITED)):
        _, rounds, clock, roller = play(*states)
        made = list(roller.rolled)
        clock.now += 10_000
        assert rounds.patience is None
        rounds.look(states[-1], lambda: SCENE, None)
        assert roller.rolled == made


def test_without_minutes_nobody_looks_between_turns() -> None:
    rolled, rounds, clock, _ = play(State.IDLE, minutes=0)
    clock.now += 10_000
    rounds.look(State.IDLE, lambda: SCENE, None)
    assert (rolled, rounds.patience) == (["START"], None)
