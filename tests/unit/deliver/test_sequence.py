"""What is owed to a guest must come in the order in which it was decided, and is checked."""

from dataclasses import replace

import pytest

from pipeline.deliver import ledger_state
from pipeline.kafka.dead_letters import SEQUENCE
from pipeline.record import Instant
from pipeline.settings import DeliverSettings
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.owed import Owed
from pipeline.sitecore.policy import DeliveryPolicy
from tests.fakes import http_answer
from tests.unit.deliver.views import browser_of, erasure, view
from tests.unit.deliver.virtual_time import DAWN_MS
from tests.unit.deliver.world import POLICY, Member, World, passes, run

SETTINGS = DeliverSettings()
A, B = browser_of("a"), browser_of("b")


def owes(world: World, owed: Owed, sequence: int | str) -> None:
    """Append a record as assemble does."""
    headers = ((SEQUENCE, str(sequence).encode()),)
    world.append(owed.guest_id.encode(), encode_owed(owed), headers=headers)


def reasons(world: World) -> list[tuple[str, int]]:
    """Why records were set aside, and which."""
    return [(letter.reason, letter.record.position.offset) for letter in world.letters]


@pytest.mark.parametrize("again", [6, 7])
def test_a_record_that_falls_back_is_set_aside(again: int) -> None:
    """Sitecore would take an old cart for the present one."""

    async def scenario(world: World) -> None:
        owes(world, view("a", 1), 7)
        owes(world, view("a", 2), again)
        owes(world, view("a", 3), 8)
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert world.views(A) == ["1", "3"]
    assert reasons(world) == [("out_of_order", 1)]
    assert world.letters[0].found == f"{again} after 7"
    assert world.letters[0].record == world.log[0][1]
    assert world.committed[0] == (3, False)


def test_the_sequences_of_two_guests_have_nothing_to_do_with_each_other() -> None:
    """Each begins at its guest's creation time."""

    async def scenario(world: World) -> None:
        owes(world, view("a", 1), DAWN_MS)
        owes(world, view("b", 2), 5)
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert (world.views(A), world.views(B)) == (["1"], ["2"])
    assert world.letters == []


def test_a_fresh_state_starts_higher_and_gaps_are_none_of_our_business() -> None:
    """Assemble forgets a guest who is idle; a later one starts at its own creation time."""

    async def scenario(world: World) -> None:
        for number, sequence in enumerate([1, 2, 40, DAWN_MS, DAWN_MS + 1]):
            owes(world, view("a", number), sequence)
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert world.views(A) == ["0", "1", "2", "3", "4"]
    assert world.letters == []


@pytest.mark.parametrize("gently", [True, False])
def test_what_was_seen_last_is_known_after_a_restart(gently: bool) -> None:
    """Whoever copies a topic while we are down must not be believed either."""

    async def scenario(world: World) -> None:
        owes(world, view("a", 1), 7)
        member = Member(world, SETTINGS)
        await passes(0.5)
        if gently:
            member.deliverer.stop()
            await member.deliverer.ended
        else:
            await member.crash()
        owes(world, view("a", 2), 6)
        owes(world, view("a", 3), 8)
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert world.views(A) == ["1", "3"]
    assert reasons(world) == [("out_of_order", 1)]


def test_what_needs_no_request_counts_too() -> None:
    """An old page view is not sent, and what was decided before it must not come after it."""
    hasty = DeliveryPolicy(POLICY.points_of_sale, behaviour_age_max_s=10)
    old = replace(view("a", 1), occurred_at=Instant(DAWN_MS - 60_000))

    async def scenario(world: World) -> None:
        owes(world, old, 7)
        member = Member(world, SETTINGS, policy=hasty)
        await passes(0.5)
        await member.crash()
        owes(world, view("a", 2), 6)
        Member(world, SETTINGS, policy=hasty)
        await passes(5)

    world = run(scenario)

    assert world.sent == []
    assert reasons(world) == [("out_of_order", 1)]


def test_a_record_without_a_sequence_is_none_that_falls_back() -> None:
    """A replay comes out of the sequence, on purpose; what it says of it means nothing then."""

    async def scenario(world: World) -> None:
        owes(world, view("a", 1), 7)
        world.owe(view("a", 2))
        owes(world, view("a", 3), "seven")
        owes(world, view("a", 4), 8)
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert world.views(A) == ["1", "2", "3", "4"]
    assert world.letters == []


def test_an_erasure_is_heeded_wherever_it_stands() -> None:
    """What is wrong with the order must not keep a person's data; and nothing of them is kept."""

    async def scenario(world: World) -> None:
        owes(world, view("a", 1), 7)
        owes(world, erasure("a", 2), 6)
        owes(world, view("a", 3), 5)
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert ledger_state.decode(world.deliveries[0][b"a"]).erased
    assert {letter.reason for letter in world.letters} == {"guest_erased"}
    assert all(letter.record.value is None for letter in world.letters)


def test_a_failing_head_is_not_behind_itself() -> None:
    """It is looked at again at every try."""

    async def scenario(world: World) -> None:
        replies = iter([502, 502, 201])
        world.reply = lambda _: http_answer(next(replies, 201))
        owes(world, view("a", 1), 7)
        Member(world, SETTINGS)
        await passes(60)

    world = run(scenario)

    assert world.views(A) == ["1"]
    assert world.letters == []
