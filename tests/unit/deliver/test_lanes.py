"""One guest, one step at a time, in order; and everybody has a turn."""

from pipeline.deliver.lanes import Item, Lane, Lanes, Place
from pipeline.record import GuestId, Instant, Position, Record
from pipeline.sitecore.delivery import Delivery


def item(offset: int = 0, *, erases: bool = False) -> Item:
    """A record in hand."""
    return Item(Record(Position("t", 0, offset), Instant(0), b"k", b"v"), 1, erases=erases)


def lane(lanes: Lanes, guest: str, *, partition: int = 0, records: int = 1) -> Lane:
    """A lane with records."""
    opened = lanes.open(partition, GuestId(guest), Delivery.new(GuestId(guest)))
    for offset in range(records):
        lanes.add(opened, item(offset))
    return opened


def lanes_of(*guests: str, records: int = 1) -> Lanes:
    """Lanes of one partition that may go."""
    lanes = Lanes()
    lanes.admit(0)
    for guest in guests:
        lane(lanes, guest, records=records)
    return lanes


def take(lanes: Lanes) -> Lane:
    """The next lane, which must exist."""
    taken = lanes.take()
    assert taken is not None
    return taken


def test_a_busy_guest_has_no_second_turn() -> None:
    """A later message would overtake the one under way."""
    lanes = lanes_of("a", records=2)
    take(lanes)

    assert lanes.take() is None


def test_a_guest_goes_on_behind_all_others() -> None:
    """One guest with many records does not keep the others waiting."""
    lanes = lanes_of("a", "b", records=2)
    first = take(lanes)

    lanes.back(first)

    assert [take(lanes).guest, take(lanes).guest] == ["b", "a"]


def test_partitions_take_turns() -> None:
    """A partition with thousands of lanes does not keep another waiting."""
    lanes = lanes_of("a", "b", "c")
    lanes.admit(1)
    lane(lanes, "z", partition=1)

    assert [take(lanes).guest for _ in range(4)] == ["a", "z", "b", "c"]


def test_nothing_of_a_partition_goes_before_it_is_admitted() -> None:
    """Nobody knows yet whether it is ours."""
    lanes = Lanes()
    lane(lanes, "a")
    assert lanes.take() is None

    lanes.admit(0)

    assert take(lanes).guest == "a"


def test_a_lane_that_sleeps_goes_when_its_instant_has_come() -> None:
    """Its backoff blocks it, and nobody else."""
    lanes = lanes_of("a", "b")
    lanes.sleep(take(lanes), Instant(1000))
    lanes.back(take(lanes))
    assert lanes.next_wake() == 1000

    lanes.wake(Instant(999))
    assert take(lanes).guest == "b"
    assert lanes.take() is None
    lanes.wake(Instant(1000))

    assert take(lanes).guest == "a"
    assert lanes.asleep == 0


def test_a_lane_that_was_roused_is_not_woken_again() -> None:
    """Its wait is void; taken twice it would run twice."""
    lanes = lanes_of("a", records=2)
    sleeper = take(lanes)
    lanes.sleep(sleeper, Instant(1000))

    lanes.rouse(sleeper)
    taken = take(lanes)
    lanes.wake(Instant(1000))

    assert taken is sleeper
    assert lanes.take() is None
    assert lanes.next_wake() is None


def test_claiming_takes_a_lane_out_of_turn() -> None:
    """An erasure passes its lane, whatever that waits for."""
    lanes = lanes_of("a", "b")
    sleeper = take(lanes)
    lanes.sleep(sleeper, Instant(1000))

    assert lanes.claim(sleeper)

    assert sleeper.place is Place.BUSY
    assert take(lanes).guest == "b"
    assert lanes.take() is None


def test_a_busy_lane_cannot_be_claimed() -> None:
    """The request in flight ends first."""
    lanes = lanes_of("a")
    busy = take(lanes)

    assert not lanes.claim(busy)


def test_an_empty_lane_is_forgotten() -> None:
    """Guests without records in hand cost nothing here."""
    lanes = lanes_of("a")
    taken = take(lanes)
    taken.pop()

    lanes.back(taken)

    assert len(lanes) == 0
    assert lanes.at(0, GuestId("a")) is None


def test_a_record_that_comes_while_the_lane_is_busy_waits_for_its_turn() -> None:
    """It is neither lost nor let go beside the one under way."""
    lanes = lanes_of("a")
    busy = take(lanes)
    lanes.add(busy, item(1))
    busy.pop()

    lanes.back(busy)

    assert take(lanes) is busy


def test_a_closed_partition_starts_nothing_and_forgets_its_lanes() -> None:
    """It is being taken away; what is under way ends by itself."""
    lanes = lanes_of("a", "b", "c")
    busy, sleeper = take(lanes), take(lanes)
    lanes.sleep(sleeper, Instant(1000))

    lanes.close(0)
    lanes.wake(Instant(1000))
    lanes.back(busy)

    assert lanes.take() is None
    assert len(lanes) == 0
    assert lanes.asleep == 0


def test_a_partition_that_comes_back_begins_anew() -> None:
    """Lanes of the earlier time have nothing to do with it."""
    lanes = lanes_of("a")
    lanes.close(0)
    lanes.admit(0)

    again = lane(lanes, "a")

    assert take(lanes) is again
