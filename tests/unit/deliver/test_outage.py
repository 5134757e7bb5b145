"""Outages, pauses and holds set nothing aside, and end by themselves."""

from pipeline.deliver import ledger_state
from pipeline.settings import DeliverSettings
from pipeline.sitecore.outcome import NoAnswer, NotSent, Reply
from pipeline.sitecore.request import Request, SendEvent
from tests.fakes import http_answer
from tests.unit.deliver.views import browser_of, view
from tests.unit.deliver.virtual_time import VirtualClock
from tests.unit.deliver.world import Member, World, passes, run

SETTINGS = DeliverSettings()
IMPATIENT = DeliverSettings(give_up_after_s=60, tries_max=2)
"""Gives up within minutes whatever fails by its own fault."""
HOUR_S = 3600.0


def owe_some(world: World, guests: int = 30) -> None:
    """One view of each of many guests."""
    world.owe(*(view(f"g{i}", 1) for i in range(guests)))


def is_ready(member: Member) -> bool:
    """What /readyz would say."""
    return member.deliverer.ready


def test_a_long_outage_sets_nothing_aside() -> None:
    """Time in it and tries as a probe count for nothing."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: NoAnswer("answer_timeout")
        owe_some(world)
        Member(world, IMPATIENT)
        await passes(HOUR_S)
        assert world.letters == []

        world.reply = lambda _: http_answer()
        await passes(120)

    world = run(scenario)

    assert world.letters == []
    assert len(world.accepted) == 30


def test_in_an_outage_one_request_is_under_way_at_a_time() -> None:
    """A destination that comes back is not run over."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: NotSent("connect_failed")
        owe_some(world)
        Member(world, DeliverSettings(in_flight_max=4))
        await passes(5)
        before = len(world.sent)
        await passes(10 * 60)

        assert len(world.sent) - before < 20

    run(scenario)


def test_a_single_guest_survives_an_outage_of_unknown_outcomes() -> None:
    """Its few unknown outcomes must not set it aside before the breaker opens."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: NoAnswer("answer_timeout")
        world.owe(view("a", 1))
        Member(world, IMPATIENT)
        await passes(HOUR_S)
        world.reply = lambda _: http_answer()
        await passes(120)

    world = run(scenario)

    assert world.letters == []
    assert world.views() == ["1"]


def test_a_429_pauses_all_guests() -> None:
    """The destination asks everybody to wait, not one."""

    async def scenario(world: World) -> None:
        limited = [True]

        def reply(_: Request) -> Reply:
            throttled = limited.pop() if limited else False
            return http_answer(429, b"", (("retry-after", "10"),)) if throttled else http_answer()

        world.reply = reply
        world.owe(view("a", 1))
        Member(world, SETTINGS)
        await passes(1)
        world.owe(view("b", 1))
        await passes(8)
        assert len(world.sent) == 1
        await passes(10)

    world = run(scenario)

    assert sorted(who for who, _, _ in world.accepted) == sorted([browser_of("a"), browser_of("b")])


def test_a_configured_rate_is_kept() -> None:
    """Whatever the backlog."""

    async def scenario(world: World) -> None:
        owe_some(world, 100)
        Member(world, DeliverSettings(requests_per_s=5))
        await passes(10)
        assert 45 <= len(world.sent) <= 51

    run(scenario)


def test_a_wrong_key_holds_everything_until_it_is_mended() -> None:
    """No message is set aside for our fault, and no browser id is asked for meanwhile."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: http_answer(401, b"")
        owe_some(world)
        member = Member(world, SETTINGS)
        await passes(HOUR_S)
        assert world.letters == []
        assert not is_ready(member)
        assert ledger_state.HOLD_KEY in world.deliveries[0]
        before = len(world.sent)
        assert len({who for who, _, _ in world.sent[-20:]}) == 20

        world.reply = lambda _: http_answer()
        await passes(120)
        assert is_ready(member)
        assert len(world.sent) == before + 30

    world = run(scenario)

    assert len(world.accepted) == 30
    assert ledger_state.HOLD_KEY not in world.deliveries[0]


def test_a_hold_survives_a_restart() -> None:
    """Else every restart would have nineteen messages more refused."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: http_answer(400, b"")
        owe_some(world, 40)
        member = Member(world, DeliverSettings(in_flight_max=1))
        await passes(60)
        assert len({who for who, _, _ in world.sent}) > 20
        member.deliverer.stop()
        await member.deliverer.ended
        again = Member(world, DeliverSettings(in_flight_max=1))
        await passes(HOUR_S)
        assert not is_ready(again)
        assert world.letters == []

        world.reply = lambda _: http_answer()
        await passes(120)

    world = run(scenario)

    assert len(world.accepted) == 40
    assert world.letters == []


def test_what_was_refused_just_before_a_hold_may_end_it() -> None:
    """Else a hold whose lanes all begin with such records would never end."""

    async def scenario(world: World) -> None:
        refused = http_answer(400, b"")
        replies = iter([refused, http_answer(401, b"")])
        world.owe(view("a", 1), view("b", 1))
        world.reply = lambda _: next(replies, http_answer())
        # The refusal is written down, and the hold begins before it is acted upon.
        member = Member(world, SETTINGS)
        await passes(0.12)
        await member.crash()
        del world.log[0][1:]
        Member(world, SETTINGS)
        await passes(30)

    world = run(scenario)

    assert world.letters == []
    assert [who for who, _, _ in world.accepted] == [browser_of("a")]


def test_a_destination_that_forgets_its_own_browser_ids_is_held() -> None:
    """A gateway that answers everything with 404 would set aside every guest's message."""

    async def scenario(world: World) -> None:
        ids = (f'{{"status":"OK","ref":"{browser_of(str(i))}"}}'.encode() for i in range(100))

        def reply(request: Request) -> Reply:
            asked = not isinstance(request, SendEvent)
            return http_answer(200, next(ids)) if asked else http_answer(404, b"")

        world.owe(*(view(f"g{i}", 1, None) for i in range(40)))
        world.reply = reply
        member = Member(world, SETTINGS)
        await passes(HOUR_S)
        assert not is_ready(member)
        assert len(world.letters) < 20

    run(scenario)


def test_a_hold_is_written_down_at_once() -> None:
    """A crash a moment later must not let the next worker run into the same wall."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: http_answer(401, b"")
        world.owe(view("a", 1))
        member = Member(world, SETTINGS)
        await passes(0.2)
        await member.crash()

    assert ledger_state.HOLD_KEY in run(scenario).deliveries[0]


def test_while_held_no_browser_id_is_asked_for() -> None:
    """Each would be another guest at Sitecore, for nothing."""

    async def scenario(world: World) -> None:
        world.reply = lambda _: http_answer(400, b"")
        owe_some(world, 40)
        Member(world, SETTINGS)
        await passes(60)
        world.owe(*(view(f"n{i}", 1, browser_id=None) for i in range(10)))
        await passes(HOUR_S)
        assert not [number for _, number, _ in world.sent if number == "BROWSER"]

    run(scenario)


def test_a_hold_without_any_other_guest_is_probed_by_asking_for_a_browser_id() -> None:
    """Else a wrong key would never be found to be mended."""

    async def scenario(world: World) -> None:
        issued = http_answer(201, b'{"ref":"0d5a9b1e-0000-4000-8000-000000000001","status":"OK"}')
        broken = True

        def reply(request: Request) -> Reply:
            if broken:
                return http_answer(401, b"")
            return http_answer() if isinstance(request, SendEvent) else issued

        world.reply = reply
        world.owe(view("a", 1, browser_id=None))
        Member(world, SETTINGS)
        await passes(60)
        broken = False
        await passes(120)

    assert [number for _, number, _ in run(scenario).accepted] == ["1"]


def test_the_clock_moves_only_as_far_as_it_must() -> None:
    """The tests' own ground: an hour of waiting costs nothing."""

    async def scenario(_: World) -> None:
        import asyncio  # noqa: PLC0415

        clock = VirtualClock(asyncio.get_running_loop())
        before = clock.elapsed_s()
        await passes(HOUR_S)
        assert clock.elapsed_s() - before == HOUR_S

    run(scenario)
