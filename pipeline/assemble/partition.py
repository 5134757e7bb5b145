"""What is known of one partition: its guests, how far it was read, when to look again."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pipeline.assemble import state
from pipeline.assemble.timers import Gate, Timers
from pipeline.orders.guest import Guest
from pipeline.record import GuestId, Instant

Store: TypeAlias = MutableMapping[GuestId, bytes]
"""Guests as bytes; memory is the first implementation."""

BEGAN_KEY: Final = b"\x00began"
"""Key of a value that is no guest's: it says that this partition has been assembled before.

It is written with the partition's first offsets, so that either both are there or
neither is; without it, a partition of which nothing but refusals came would look lost.
"""
BEGAN_VALUE: Final = b"\x01"
"""Its value where no broker tells which topics they are; else they are named there."""


@dataclass(slots=True)
class Partition:
    """One partition number: of all commerce topics together, and of the outputs.

    Everything here is committed; what a batch is about to change is in the batch.
    """

    number: int
    store: Store = field(default_factory=dict)
    began: bytes = b""
    """What is remembered of the topics since its first offsets were committed; empty: none were."""
    positions: dict[str, int] = field(default_factory=dict)
    """The next offset to read, by topic."""
    taken_at: Instant | None = None
    """Timestamp of the record that was taken last; None: none was yet."""
    states_read: int = 0
    """Up to where the guest states are in *store*."""
    mark: str = ""
    """What our last transaction left with its offsets; empty: none was kept since `restored`."""
    kept_at: Instant | None = None
    """When it was kept aside; None: never."""
    gate: Gate | None = None
    waiting: dict[GuestId, Guest] = field(default_factory=dict)
    """Guests of whom an order waits."""
    state_bytes: int = 0
    """What the values of *store* come to."""
    timers: Timers = field(init=False)

    def __post_init__(self) -> None:
        self.timers = Timers(self.wake_at)

    def wake_at(self, guest_id: GuestId) -> Instant | None:
        """When to look at a guest again."""
        value = self.store.get(guest_id)
        return None if value is None else state.wake_at(value)

    def put(self, guest_id: GuestId, value: bytes, waiting: Guest | None) -> None:
        """Remember a guest; *waiting* is the same, if an order of its waits."""
        before = self.store.get(guest_id)
        self.store[guest_id] = value
        self.state_bytes += len(value) - (0 if before is None else len(before))
        if before is None:
            self.timers.moved(guest_id, None, state.wake_at(value))
        elif not state.wakes_alike(before, value):
            self.timers.moved(guest_id, state.wake_at(before), state.wake_at(value))
        if waiting is not None:
            self.waiting[guest_id] = waiting
        elif self.waiting:
            self.waiting.pop(guest_id, None)

    def forget(self, guest_id: GuestId) -> None:
        """Remember nothing of a guest any more."""
        self.state_bytes -= len(self.store.pop(guest_id, b""))
        self.waiting.pop(guest_id, None)

    def take(self, key: bytes, value: bytes | None) -> None:
        """Take over one value of the guest states; `restored` must follow."""
        if key == BEGAN_KEY:
            self.began = value or b""
        elif value is None:
            self.store.pop(GuestId(key.decode()), None)
        else:
            self.store[GuestId(key.decode())] = value

    def restored(self, soon: Instant) -> None:
        """Find the timers in what was taken over, and the orders that wait.

        Args:
            soon: No order waits for longer; guests with later timers need not be decoded.
        """
        self.waiting.clear()
        self.state_bytes = sum(map(len, self.store.values()))
        self.gate = None
        self.mark = ""
        self.taken_at = None
        known: list[tuple[Instant, GuestId]] = []
        for guest_id, value in self.store.items():
            wake_at = state.wake_at(value)
            if wake_at is not None:
                known.append((wake_at, guest_id))
                if wake_at <= soon:
                    guest = state.decode(value)
                    if guest.waiting:
                        self.waiting[guest_id] = guest
        self.timers = Timers(self.wake_at, known)
