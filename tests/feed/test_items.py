import string
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from codexwrap import events
from codexwrap.events import Event
from codexwrap.feed.items import BLOCKED, IN_PROGRESS, Item, Items


def event(kind: str, seat: str = "a", ticket: str | None = None, **data: Any) -> Event:
    return events.new(kind, seat=seat, data={"seat": seat, "ticket": ticket, **data})


def post(item: str, state: str, seat: str = "a") -> Event:
    moved = {"id": item, "from": None, "to": state}
    return event("item.changed", seat, item, posted=True, item=moved)


def moved(item: str, before: str, after: str, seat: str = "a") -> Event:
    return event("item.changed", seat, item, item={"id": item, "from": before, "to": after})


def fold(*told: Event, on_exit: str = "") -> dict[str, Item]:
    items = Items(on_exit)
    for each in told:
        items.add(each)
    return {item.id: item for item in items.items()}


def states(*told: Event, on_exit: str = "") -> dict[str, str]:
    return {name: item.state for name, item in fold(*told, on_exit=on_exit).items()}


def test_a_seat_with_a_ticket_works_on_it_until_it_dies_and_again_when_it_lives() -> None:
    started, dead, alive = event("seat.started", ticket="T-1"), event("seat.dead", ticket="T-1"), event("seat.alive")
    assert states(started) == {"T-1": IN_PROGRESS}
    assert states(started, dead) == {"T-1": BLOCKED}
    assert states(started, dead, alive) == {"T-1": IN_PROGRESS}
    assert states(started, dead, event("seat.exited"), event("seat.resumed", ticket="T-1")) == {"T-1": IN_PROGRESS}


def test_an_item_that_is_blocked_says_by_whom_and_what_of_and_where_its_checkpoint_is() -> None:
    dead = event("seat.dead", ticket="T-1", cause="auth.token_revoked", checkpoint="/c.json")
    (item,) = fold(dead).values()
    assert item == Item("T-1", BLOCKED, (dead.source,), (dead.source,), dead.time, "auth.token_revoked", "/c.json")


def test_an_item_that_is_done_is_not_blocked_by_a_late_death_nor_by_what_the_seat_says_of_it() -> None:
    before = (event("seat.started", ticket="T-1"), post("T-1", "DONE"))
    after = (event("seat.dead", ticket="T-1"), moved("T-1", IN_PROGRESS, BLOCKED))
    assert states(*before, *after) == {"T-1": "DONE"}
    assert states(*before, *after, event("seat.alive", ticket="T-1"), moved("T-1", BLOCKED, IN_PROGRESS)) == {
        "T-1": "DONE"
    }


def test_a_death_blocks_the_item_that_the_seat_posted_last_when_its_wrapper_knows_none() -> None:
    assert states(event("seat.started"), post("T-1", IN_PROGRESS), event("seat.dead")) == {"T-1": BLOCKED}


def test_the_item_that_a_seat_posted_goes_before_its_wrappers_until_the_wrapper_names_another() -> None:
    told = [event("seat.started", ticket="T-1"), post("T-2", IN_PROGRESS)]
    assert states(*told, event("seat.dead", ticket="T-1")) == {"T-1": IN_PROGRESS, "T-2": BLOCKED}
    other = [*told, event("seat.alive", ticket="T-3"), event("seat.dead", ticket="T-3")]
    assert states(*other) == {"T-1": IN_PROGRESS, "T-2": IN_PROGRESS, "T-3": BLOCKED}


def test_an_item_is_blocked_only_when_no_living_seat_works_on_it() -> None:
    told = [event("seat.started", seat, "T-1") for seat in "ab"]
    assert states(*told, event("seat.dead", "a", "T-1")) == {"T-1": IN_PROGRESS}
    assert states(*told, event("seat.dead", "a"), event("seat.dead", "b")) == {"T-1": BLOCKED}
    assert states(*told, event("seat.dead", "a"), event("seat.exited", "b")) == {"T-1": BLOCKED}
    assert states(*told, event("seat.dead", "a"), event("seat.dead", "b"), event("seat.alive", "b")) == {
        "T-1": IN_PROGRESS
    }


def test_an_exit_without_a_death_leaves_the_item_as_configured() -> None:
    told = (event("seat.started", ticket="T-1"), event("seat.exited", ticket="T-1"))
    assert states(*told) == {"T-1": IN_PROGRESS}
    assert states(*told, on_exit="TODO") == {"T-1": "TODO"}
    assert states(event("seat.started", "b", "T-1"), *told, on_exit="TODO") == {"T-1": IN_PROGRESS}
    assert states(told[0], post("T-1", "DONE"), told[1], on_exit="TODO") == {"T-1": "DONE"}


def test_what_people_post_is_believed_whatever_state_they_call_it() -> None:
    assert states(post("T-1", "DONE"), post("T-1", BLOCKED), post("T-2", "nächste Woche")) == {
        "T-1": BLOCKED,
        "T-2": "nächste Woche",
    }
    assert fold(post("T-1", IN_PROGRESS, seat=""))["T-1"].seats == ()


def test_what_is_no_item_changes_nothing() -> None:
    for item in (None, "T-1", {}, {"id": 1, "to": "x"}, {"id": "T-1"}, {"id": "", "to": "x"}, {"id": "x", "to": ["y"]}):
        assert states(event("item.changed", item=item), event("seat.dead", ticket=7)) == {}  # type: ignore[arg-type]


def test_another_programs_events_are_believed_too() -> None:
    assert states(moved("T-1", "TODO", "REVIEW")) == {"T-1": "REVIEW"}


# --- against a model ----------------------------------------------------------------------------------------------


class Model:
    """The same rules, said seat by seat: every question looks through all seats."""

    def __init__(self, on_exit: str) -> None:
        self.on_exit = on_exit
        self.state: dict[str, str] = {}
        self.item: dict[str, str | None] = {}
        self.ticket: dict[str, str | None] = {}
        self.alive: dict[str, bool] = {}

    def on(self, item: str) -> list[str]:
        return [seat for seat in self.item if self.item[seat] == item]

    def living(self, item: str) -> list[str]:
        return [seat for seat in self.on(item) if self.alive.get(seat, True)]

    def name(self, seat: str, ticket: str | None) -> bool:
        if ticket is None or self.ticket.get(seat) == ticket:
            return False
        self.ticket[seat] = self.item[seat] = ticket
        return True

    def started(self, seat: str, ticket: str | None) -> None:
        self.ticket[seat] = None
        self.lives(seat, ticket)

    def lives(self, seat: str, ticket: str | None) -> None:
        self.alive[seat] = True
        self.name(seat, ticket)
        item = self.item.get(seat)
        if item is not None and self.state.get(item, BLOCKED) == BLOCKED:
            self.state[item] = IN_PROGRESS

    def dies(self, seat: str, ticket: str | None) -> None:
        if self.name(seat, ticket) and ticket is not None:
            self.state.setdefault(ticket, IN_PROGRESS)
        self.alive[seat] = False
        item = self.item.get(seat)
        if item is not None and self.state.get(item) == IN_PROGRESS and not self.living(item):
            self.state[item] = BLOCKED

    def exits(self, seat: str, ticket: str | None) -> None:
        if not self.alive.get(seat, True):
            return
        item, self.item[seat], self.ticket[seat] = self.item.get(seat), None, None
        if item is None or self.state.get(item) != IN_PROGRESS or self.living(item):
            return
        if self.on(item):
            self.state[item] = BLOCKED
        elif self.on_exit:
            self.state[item] = self.on_exit

    def posts(self, seat: str, item: str, state: str) -> None:
        self.state[item] = state
        if state == IN_PROGRESS:
            self.alive[seat], self.item[seat] = True, item
        elif self.item.get(seat) == item:
            self.item[seat] = None
        if state not in (IN_PROGRESS, BLOCKED):
            for each in self.on(item):
                self.item[each] = None


SEATS, TICKETS, STATES = st.sampled_from("abc"), st.sampled_from(["T-1", "T-2"]), [IN_PROGRESS, BLOCKED, "DONE"]
HAPPENS = st.one_of(
    st.tuples(st.sampled_from(["started", "alive", "dead", "exited"]), SEATS, st.none() | TICKETS),
    st.tuples(st.just("post"), SEATS, st.tuples(TICKETS, st.sampled_from(STATES))),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(HAPPENS, max_size=40), st.sampled_from(["", "TODO"]))
def test_whatever_happens_in_whatever_order_items_are_what_the_model_says(happens: list[Any], on_exit: str) -> None:
    model, items = Model(on_exit), Items(on_exit)
    acts = {"started": model.started, "alive": model.lives, "dead": model.dies, "exited": model.exits}
    for kind, seat, what in happens:
        if kind == "post":
            items.add(post(what[0], what[1], seat))
            model.posts(seat, what[0], what[1])
        else:
            items.add(event(f"seat.{kind}", seat, what))
            acts[kind](seat, what)
        found = {item.id: item for item in items.items()}
        assert {name: item.state for name, item in found.items()} == model.state
        for name, item in found.items():
            assert sorted(each[-1] for each in item.seats) == sorted(model.on(name))
            assert {each[-1] for each in item.dead} == set(model.on(name)) - set(model.living(name))
        for each in "abc":
            assert items.of_seat(event("seat.alive", each).source) == model.item.get(each)


WORD = st.text(string.printable + "äß\u202e\x1b\udce9☠", min_size=1, max_size=8)


@given(st.lists(st.tuples(WORD, WORD, WORD)))
def test_whatever_names_are_posted_the_last_state_of_each_item_stands(told: list[tuple[str, str, str]]) -> None:
    read = [events.from_line(post(item, state, seat).to_line()) for item, state, seat in told]
    assert states(*read) == {item: state for item, state, _ in told}
