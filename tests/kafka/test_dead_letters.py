"""Dead letters on a real broker: replayed end to end, once, whatever happens in between."""

import json
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.commerce.events import BrowserId
from pipeline.dead_letters.account import Wanted
from pipeline.dead_letters.replay import DeadLetters
from pipeline.errors import FencedError
from pipeline.record import GuestId, Instant, Position, Record
from tests.components.kafka import Kafka
from tests.kafka.buying import now, said
from tests.kafka.destination import Destination
from tests.kafka.setting_aside import Installation, until
from tests.unit.deliver.views import browser_of, view
from tests.unit.orders.story import erased, identified, line, placed
from tests.unit.sitecore.samples import SHOES, Owes

pytestmark = pytest.mark.kafka

EVERYTHING = Wanted()


def _quiet(_count: int) -> None:
    """Tell nobody."""


def test_an_order_set_aside_by_assemble_arrives_once_it_is_replayed(
    kafka: Kafka, tmp_path: Path
) -> None:
    """A point of sale was missing in the settings: nothing of it may be lost for that."""
    browser_id = BrowserId(browser_of("ann"))
    who = replace(identified(1, browser=browser_id), page="who")
    order = replace(
        placed(3, "1001", line("shoes")),
        browser_id=browser_id,
        page="order",
        ordered_at=now(),
        point_of_sale="kiosk",
    )
    with Destination() as destination:
        made = Installation(kafka, tmp_path, destination.address)
        made.publish(said(who, "ann"), said(order, "ann"))
        with made.working():
            until(lambda: len(made.read("dead_letters")) == 1)
            until(lambda: len(destination.taken) == 1)

        listed = json.loads(made.command("dead-letters", "list", "--output", "json").stdout)
        done = made.command("dead-letters", "replay", "--yes")
        again = made.command("dead-letters", "replay", "--yes")
        with made.working("kiosk"):
            until(lambda: len(destination.taken) == 2)

        (letter,) = listed["letters"]
        assert (letter["reasons"], letter["kind"]) == (
            ["unknown_point_of_sale"],
            "commerce.OrderPlaced",
        )
        assert (done.exit_code, again.exit_code) == (0, 0)
        assert "replayed 1 letters" in done.output
        assert "0 letters can be replayed" in again.output
        assert [event.page for event in destination.taken] == ["who", "order"]
        assert len(made.read(made.commerce)) == 3


def test_a_record_refused_by_sitecore_arrives_once_it_is_replayed(
    kafka: Kafka, tmp_path: Path
) -> None:
    """It is no longer skipped, though everything behind it is finished; if refused, it is back."""
    refusing = True
    with Destination(say=lambda e: 400 if refusing and e.page == "1" else 201) as destination:
        made = Installation(kafka, tmp_path, destination.address)
        guest = replace(view("ann", 1), guest_id=GuestId("ann"))
        made.set_aside([made.refused(guest, 0)])
        with made.working():
            for times in (1, 2):
                assert made.command("dead-letters", "replay", "--yes").exit_code == 0
                until(lambda times=times: len(made.read("dead_letters")) == 1 + 2 * times)  # type: ignore[misc]
            (letter,) = json.loads(made.command("dead-letters", "list", "--output", "json").stdout)[
                "letters"
            ]
            refusing = False
            assert made.command("dead-letters", "replay", "--yes").exit_code == 0
            until(lambda: len(destination.taken) == 1)

        assert (letter["replayed_before"], letter["letters"]) == (2, 3)
        assert made.command("dead-letters", "list").stdout == ""
        assert [dict(r.headers)["dead-letter-replay"] for r in made.read("stream_events")] == [
            b"1",
            b"2",
            b"3",
        ]


def test_a_replay_that_is_killed_and_repeated_replays_everything_once(
    kafka: Kafka, tmp_path: Path
) -> None:
    """The record and its marker are one transaction, and the next one ends what was left open."""
    made = Installation(kafka, tmp_path)
    made.set_aside([made.refused(view(f"g{n}", n), n) for n in range(40)])
    letters = DeadLetters(made.settings())
    planned = letters.plan(EVERYTHING).cases
    for committing, so_far in ((True, 12), (False, 12 + 8)):
        log = tmp_path / "replay.txt"
        ended = made.killed(log, batch=4, at_commit=3, committing=committing)
        assert ended == -signal.SIGKILL, log.read_text()
        assert sum(made.replayed().values()) == so_far

    done = letters.replay(planned, _quiet)

    assert done == 20
    assert set(made.replayed().values()) == {1}
    assert len(made.replayed()) == 40
    assert made.markers() == made.replayed()


def test_of_two_replays_at_once_one_ends_and_nothing_is_replayed_twice(
    kafka: Kafka, tmp_path: Path
) -> None:
    """Two people may look at the same list."""
    made = Installation(kafka, tmp_path)
    made.set_aside([made.refused(view(f"g{n}", n), n) for n in range(20)])
    first = DeadLetters(made.settings(), batch=5)
    second = DeadLetters(made.settings())
    mine, theirs = first.plan(EVERYTHING).cases, second.plan(EVERYTHING).cases

    def meanwhile(_count: int) -> None:
        second.replay(theirs, _quiet)

    with pytest.raises(FencedError):
        first.replay(mine, meanwhile)

    assert set(made.replayed().values()) == {1}
    assert len(made.replayed()) == 20
    assert first.replay(mine, _quiet) == 0


def test_what_is_discarded_is_not_offered_again_and_nothing_is_written_for_it(
    kafka: Kafka, tmp_path: Path
) -> None:
    """The list must become empty, or nobody reads it."""
    made = Installation(kafka, tmp_path)
    made.set_aside([made.refused(view(f"g{n}", n), n) for n in range(3)])

    tried = made.command("dead-letters", "discard", "--dry-run")
    no = made.command("dead-letters", "discard", stdin="n\n")
    untouched = made.markers()
    yes = made.command("dead-letters", "discard", "--partition", "0", "--offset", "1", stdin="y\n")
    left = made.command("dead-letters", "list").stdout.splitlines()
    closed = made.command("dead-letters", "list", "--all").stdout

    assert (tried.exit_code, no.exit_code, yes.exit_code) == (0, 64, 0)
    assert not untouched
    assert "nothing was changed" in no.output
    assert made.read("stream_events") == []
    assert [text.split()[0] for text in left] == ["0@0", "1@0"]
    assert closed.count("discarded") == 1
    gone = made.command("dead-letters", "discard", "--partition", "0", "--offset", "1", "--yes")
    assert gone.exit_code == 64
    assert "no open letter at 0@1" in gone.output


def test_what_cannot_be_replayed_is_named_and_the_rest_is_replayed(
    kafka: Kafka, tmp_path: Path
) -> None:
    """A cart, half a record, a position, and a guest who was erased since."""
    made = Installation(kafka, tmp_path)
    cart = replace(Owes().cart(SHOES), delivery_id=view("b", 9).delivery_id, guest_id=GuestId("b"))
    made.publish(said(erased(1), "eve"))
    with made.working():
        until(lambda: len(made.read("stream_events")) == 1)
    place = made.read(made.commerce)[0].position
    bare = Record(Position(made.commerce, 0, 5), Instant(1), None, None)
    whose = Record(place, Instant(1), b"eve", b"event")
    large = Record(Position(made.commerce, 0, 6), Instant(1), b"big", b"x" * 1_000_000)
    letter = made.refused(view("a", 1), 0)
    made.set_aside(
        [
            letter,
            made.refused(cart, 0),
            replace(letter, record=bare, reason="guest_erased", details={}),
            replace(letter, record=whose, worker="assemble", details={}),
            replace(letter, record=large, worker="assemble", details={}),
        ]
    )

    done = json.loads(made.command("dead-letters", "replay", "--yes", "--output", "json").stdout)

    assert done["replayed"] == 1
    assert {one["obstacle"] for one in done["left_out"]} == {
        "it is a cart: the next one carries all lines",
        "the guest was erased",
        "the guest was erased since",
        "only the first 65536 bytes were kept",
    }
    assert list(made.replayed()) == [letter.details["delivery-id"]]
    assert len(made.read(made.commerce)) == 1


def test_filters_choose_and_nothing_that_is_shown_names_a_guest(
    kafka: Kafka, tmp_path: Path
) -> None:
    """A list may be copied into a ticket, and a filter that fails would replay too much."""
    made = Installation(kafka, tmp_path)
    mine = replace(view("ann@example.com", 1), guest_id=GuestId("ann@example.com"))
    made.set_aside([made.refused(mine, 0, "may_have_arrived"), made.refused(view("b", 2), 1)])

    def listed(*filters: str) -> list[str]:
        done = made.command("dead-letters", "list", *filters)
        assert done.exit_code == 0
        assert "ann" not in done.output
        return [text.split()[0] for text in done.stdout.splitlines()]

    assert listed() == ["0@0", "1@0"]
    assert listed("--reason", "refused") == ["1@0"]
    assert listed("--guest", "ann@example.com") == ["0@0"]
    assert listed("--topic", "other") == []
    assert listed("--partition", "1") == ["1@0"]
    assert listed("--since", "2099-01-01T00:00:00Z") == []
    assert listed("--until", "2020-01-01T00:00:00Z") == []
    assert listed("--since", "2020-01-01T00:00:00+02:00") == ["0@0", "1@0"]
    assert listed("--limit", "1") == ["0@0"]

    shown = made.command("dead-letters", "show", "0", "0")
    assert "ann" not in shown.output
    value = json.loads(made.command("dead-letters", "show", "0", "0", "--with-value").stdout)
    assert value["value"]["guest_id"] == "ann@example.com"
    assert made.command("dead-letters", "show", "0", "7").exit_code == 64
    doubtful = made.command("dead-letters", "replay", "--guest", "ann@example.com", "--dry-run")
    assert "1 of them MAY HAVE ARRIVED" in doubtful.output
    assert not made.replayed()


def test_a_marker_behind_an_open_transaction_is_waited_for(kafka: Kafka, tmp_path: Path) -> None:
    """Assemble's may be open at any time, and what lies behind it cannot be read yet."""
    made = Installation(kafka, tmp_path)
    made.set_aside([made.refused(view("a", 1), 0)])
    letters = DeadLetters(made.settings())
    (case,) = letters.plan(EVERYTHING).cases
    with made.open_transaction() as end:
        made.mark(case)
        timer = threading.Timer(2.0, end)
        timer.start()

        assert letters.plan(EVERYTHING).cases == []
        assert timer.finished.is_set()
