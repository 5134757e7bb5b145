"""An outage sets nothing aside; a wrong set-up sets nothing aside either, and calls a person."""

import math

from pipeline.commerce.events import BrowserId
from pipeline.deliver.breaker import (
    PROBE_MAX_S,
    REFUSED_GUESTS_MAX,
    Breaker,
    Hold,
    State,
    Verdict,
)
from pipeline.record import GuestId
from pipeline.sitecore.outcome import (
    Delivered,
    Issued,
    Outcome,
    Refused,
    Retry,
    SetUp,
    Throttle,
    Unknown,
    UnknownBrowser,
)

FAILED = Retry("http_502")
ISSUED = Issued(BrowserId("b"), "")


def breaker(*outcomes: Outcome) -> Breaker:
    """One that has seen outcomes of different guests, at second 0."""
    made = Breaker(failures_max=3, retry_after_max_s=3600)
    for number, outcome in enumerate(outcomes):
        made.judged(GuestId(str(number)), outcome, probe=False, now=0)
    return made


def probed(made: Breaker, outcome: Outcome, now: float, guest: str = "p") -> Verdict:
    """What becomes of a probe that is due."""
    assert made.wait_s(now) == 0
    assert made.start()
    return made.judged(GuestId(guest), outcome, probe=True, now=now)


def test_it_opens_on_consecutive_failures() -> None:
    """Retries and unknown outcomes both say that nobody is there."""
    made = breaker(FAILED, Unknown("timeout"))
    assert made.wait_s(0) == 0

    verdict = made.judged(GuestId("c"), FAILED, probe=False, now=0)

    assert made.state is State.OUTAGE
    assert verdict is Verdict.EXCUSED


def test_one_success_between_keeps_it_closed() -> None:
    """Then somebody is there, and the failures are the messages' own."""
    assert breaker(FAILED, FAILED, Delivered(), FAILED, FAILED).state is State.CLOSED


def test_failures_count_while_it_is_closed() -> None:
    """A message that alone fails is given up in the end."""
    assert breaker().judged(GuestId("a"), FAILED, probe=False, now=0) is Verdict.COUNTS


def test_one_probe_at_a_time() -> None:
    """A destination that comes back is not run over."""
    made = breaker(FAILED, FAILED, FAILED)
    assert 0 < made.wait_s(0) < math.inf

    made.start()

    assert made.wait_s(100) == math.inf


def test_probes_come_ever_more_rarely_but_come() -> None:
    """A long outage costs little, and its end is noticed within a minute."""
    made, now, waits = breaker(FAILED, FAILED, FAILED), 0.0, []
    for _ in range(10):
        waits.append(made.wait_s(now))
        now += made.wait_s(now)
        assert probed(made, FAILED, now) is Verdict.EXCUSED

    assert waits == sorted(waits)
    assert waits[-1] == PROBE_MAX_S


def test_a_successful_probe_ends_the_outage() -> None:
    """Everything goes on at once."""
    made = breaker(FAILED, FAILED, FAILED)

    assert probed(made, Delivered(), 1) is Verdict.COUNTS

    assert made.state is State.CLOSED
    assert made.wait_s(1) == 0


def test_a_refused_probe_ends_the_outage_too() -> None:
    """Somebody answers, and the refusal is the message's own."""
    made = breaker(FAILED, FAILED, FAILED)

    assert probed(made, Refused("HTTP 400"), 1) is Verdict.COUNTS

    assert made.state is State.CLOSED


def test_a_probe_that_was_cut_makes_room_for_the_next() -> None:
    """Else the outage would never end."""
    made = breaker(FAILED, FAILED, FAILED)
    made.start()

    made.dropped(probe=True)

    assert made.wait_s(100) == 0


def test_a_very_long_retry_after_is_an_outage() -> None:
    """Nobody would notice a pause of a day."""
    made = breaker(Throttle(7200))

    assert made.state is State.OUTAGE
    assert made.wait_s(3600) == 3600


def test_a_short_retry_after_is_none() -> None:
    """It is a pause, and somebody answers."""
    assert breaker(FAILED, FAILED, Throttle(10), FAILED).state is State.CLOSED


def test_a_wrong_set_up_holds_everything() -> None:
    """The message is right, and would be set aside for our fault."""
    made = breaker()

    verdict = made.judged(GuestId("a"), SetUp("http_401"), probe=False, now=0)

    assert verdict is Verdict.VOID
    assert made.held is Hold.SET_UP


def test_refusals_of_many_guests_hold_everything() -> None:
    """Twenty guests in a row are not all wrong."""
    made = breaker(*[Refused("HTTP 400")] * (REFUSED_GUESTS_MAX - 1))
    assert made.state is State.CLOSED

    verdict = made.judged(GuestId("last"), Refused("HTTP 400"), probe=False, now=0)

    assert verdict is Verdict.VOID
    assert made.held is Hold.REFUSALS


def test_refusals_of_one_guest_hold_nothing() -> None:
    """Its messages may all be wrong in the same way."""
    made = breaker()

    for _ in range(3 * REFUSED_GUESTS_MAX):
        made.judged(GuestId("a"), Refused("HTTP 400"), probe=False, now=0)

    assert made.state is State.CLOSED


def test_an_acceptance_between_starts_the_count_anew() -> None:
    """Then the set-up is right."""
    refused = [Refused("HTTP 400")] * (REFUSED_GUESTS_MAX - 1)

    assert breaker(*refused, Delivered(), *refused).state is State.CLOSED


def test_while_held_a_refused_probe_stays_unfinished() -> None:
    """Nothing is set aside for what may be our fault."""
    made = breaker(SetUp("http_403"))

    assert probed(made, Refused("HTTP 400"), 1) is Verdict.VOID

    assert made.held is Hold.SET_UP


def test_the_first_acceptance_ends_a_hold() -> None:
    """It proves that messages are taken again."""
    made = breaker(SetUp("http_401"))

    assert probed(made, Delivered(), 1) is Verdict.COUNTS

    assert made.state is State.CLOSED


def test_a_browser_id_ends_only_a_hold_of_the_set_up() -> None:
    """It says that we are known, not that our messages are right."""
    unknown_key = breaker(SetUp("http_401"))
    refusals = breaker(*[Refused("HTTP 400")] * REFUSED_GUESTS_MAX)

    probed(unknown_key, ISSUED, 1)
    probed(refusals, ISSUED, 1)

    assert unknown_key.state is State.CLOSED
    assert refusals.held is Hold.REFUSALS
    assert refusals.wait_s(1) > 0


def test_an_unknown_browser_id_ends_no_hold() -> None:
    """A wrong host says 404 to everything."""
    made = breaker(SetUp("http_401"))

    assert probed(made, UnknownBrowser(), 1) is Verdict.COUNTS

    assert made.held is Hold.SET_UP


def test_a_hold_of_an_earlier_life_is_probed_at_once() -> None:
    """The restart may have been the repair."""
    made = breaker()

    made.hold(Hold.SET_UP, 50)

    assert made.state is State.HELD
    assert made.wait_s(50) == 0
