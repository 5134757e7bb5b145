"""Offsets and deliveries belong together: neither is believed without the other."""

import pytest
from prometheus_client import REGISTRY

from pipeline.deliver import ledger_state
from pipeline.deliver.restorer import Committed, released
from pipeline.errors import StateError
from pipeline.settings import DeliverSettings
from pipeline.sitecore.outcome import NotSent
from tests.fakes import http_answer
from tests.unit.deliver.views import browser_of, view
from tests.unit.deliver.world import TOPIC, Member, World, passes, run

SETTINGS = DeliverSettings()
A, B = browser_of("a"), browser_of("b")


def expired() -> float:
    """Records that were deleted unread, as counted so far."""
    name = "pipeline_expired_records_total"
    return REGISTRY.get_sample_value(name, {"topic": TOPIC}) or 0.0


def test_a_partition_is_begun_before_its_first_offset_is_committed() -> None:
    """So an offset without a beginning shows that the deliveries are lost."""

    async def scenario(world: World) -> None:
        world.deliveries[0] = {}
        world.owe(view("a", 1))
        Member(world, SETTINGS)
        await passes(3)

    world = run(scenario)

    assert world.journal.effects()[:4] == ["keep", "commit", "send", "keep"]
    assert world.journal.details("keep")[0] == (ledger_state.BEGAN_KEY,)
    assert world.deliveries[0].keys() == {ledger_state.BEGAN_KEY, b"a"}


def test_nothing_is_committed_while_it_cannot_be_begun() -> None:
    """Nor is anything sent; a release commits nothing either."""

    async def scenario(world: World) -> None:
        world.deliveries[0] = {}
        world.fails_keep = lambda: True
        world.owe(view("a", 1))
        member = Member(world, SETTINGS)
        await passes(10)
        member.deliverer.stop()
        await passes(30)

    world = run(scenario)

    assert (world.sent, world.committed) == ([], {})
    assert [offset for _, offset, _ in world.journal.details("release")] == [None]


def test_a_partition_that_was_begun_is_not_begun_again() -> None:
    """One write a partition and life."""

    async def scenario(world: World) -> None:
        for _ in range(3):
            member = Member(world, SETTINGS)
            await passes(2)
            member.deliverer.stop()
            await member.deliverer.ended

    assert "keep" not in run(scenario).journal.effects()


@pytest.mark.parametrize("clean", [True, False])
def test_offsets_without_their_deliveries_stop_the_worker(clean: bool) -> None:
    """What was accepted is forgotten; a replayed order would be doubled."""
    with pytest.raises(StateError, match="reset") as error:
        released(Committed(7, clean, 0, 9), began=False, name="deliveries/3")
    assert "deliveries/3 is empty" in str(error.value)


def test_who_may_have_had_something_under_way() -> None:
    """Whoever has not begun had nothing; expired offsets no longer tell how their owner ended."""
    none = Committed(None, False, 0, 9)

    assert released(none, began=False, name="") is True
    assert released(none, began=True, name="") is False
    assert released(Committed(4, False, 0, 9), began=True, name="") is False
    assert released(Committed(4, True, 0, 9), began=True, name="") is True


def test_expired_offsets_repeat_nothing() -> None:
    """Kafka forgets them after a week without members; what each guest has finished is known."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1), view("b", 2), view("a", 3))
        member = Member(world, SETTINGS)
        await passes(3)
        await member.crash()
        world.committed[0] = (0, False)
        world.owe(view("b", 4))
        Member(world, SETTINGS)
        await passes(3)

    world = run(scenario)

    assert world.views() == ["1", "2", "3", "4"]
    assert world.committed[0] == (4, False)


def test_what_was_under_way_when_offsets_expired_is_marked() -> None:
    """The owner was killed, and nobody came for a week: its request may have arrived."""

    async def scenario(world: World) -> None:
        world.owe(view("a", 1), view("a", 2))
        member = Member(world, SETTINGS)
        await passes(0.09)
        await member.crash()
        world.committed[0] = (0, released(Committed(None, False, 0, 2), began=True, name=""))
        Member(world, SETTINGS)
        await passes(3)

    world = run(scenario)

    assert world.sent == [(A, "1", False), (A, "2", False), (A, "2", True)]


def test_records_deleted_before_they_were_read_are_counted_and_passed_over() -> None:
    """What is in hand is still delivered; nothing brings the others back."""
    before = expired()

    async def scenario(world: World) -> None:
        world.reply = lambda _: NotSent("connect_failed")
        world.owe(*(view("a", i) for i in range(500)))
        Member(world, DeliverSettings(in_hand_max=10))
        await passes(3)
        world.owe(*(view("b", i) for i in range(500, 520)))
        world.delete(515)
        world.reply = lambda _: http_answer()
        await passes(600)

    world = run(scenario)

    assert world.views(A) == [str(i) for i in range(500)]
    assert world.views(B) == [str(i) for i in range(515, 520)]
    assert expired() - before == 15
    assert world.committed[0] == (520, False)


def test_records_deleted_while_we_were_away_are_counted_once() -> None:
    """The committed offset tells how many."""
    before = expired()

    async def scenario(world: World) -> None:
        world.owe(view("a", 0))
        member = Member(world, SETTINGS)
        await passes(3)
        member.deliverer.stop()
        await member.deliverer.ended
        world.owe(*(view("a", i) for i in range(1, 10)))
        world.delete(4)
        Member(world, SETTINGS)
        await passes(5)

    world = run(scenario)

    assert world.views() == ["0", *(str(i) for i in range(4, 10))]
    assert expired() - before == 3
    assert world.committed[0] == (10, False)
