"""What Sitecore has of the guests of one partition, in memory as in the compacted topic."""

from collections.abc import Mapping

from pipeline.deliver import ledger_state
from pipeline.deliver.breaker import Hold
from pipeline.record import GuestId
from pipeline.sitecore.delivery import Delivery


class Ledger:
    """Deliveries by guest, as bytes: a guest is decoded when something of them is in hand."""

    def __init__(self, values: Mapping[bytes, bytes]) -> None:
        """Take what was restored.

        Raises:
            StateError: A key is not a guest's, or a newer program wrote a value: nothing may be
                sent that it knows to be there.
        """
        hold = values.get(ledger_state.HOLD_KEY)
        self.hold: Hold | None = None if hold is None else ledger_state.decode_hold(hold)
        """Why everything was held when it was written."""
        self.began = ledger_state.BEGAN_KEY in values
        """Whether the partition was ever begun."""
        self._values = {
            ledger_state.guest_of(key): value
            for key, value in values.items()
            if key not in ledger_state.RESERVED
        }
        for value in self._values.values():
            ledger_state.check(value)
        self.size = sum(map(len, self._values.values()))
        """What the deliveries come to as bytes."""

    def finished(self, guest: GuestId) -> int:
        """The offset below which the guest's records are finished.

        Raises:
            StateError: A newer program wrote it.
        """
        value = self._values.get(guest)
        return 0 if value is None else ledger_state.finished(value)

    def delivery(self, guest: GuestId) -> Delivery:
        """What Sitecore has of a guest.

        Raises:
            StateError: A newer program wrote it, or it cannot be read.
        """
        value = self._values.get(guest)
        return Delivery.new(guest) if value is None else ledger_state.decode(value)

    def put(self, guest: GuestId, value: bytes) -> None:
        """Remember a delivery as it was written."""
        self.size += len(value) - len(self._values.get(guest, b""))
        self._values[guest] = value

    def forget(self, guest: GuestId) -> None:
        """Remember nothing of a guest any more."""
        self.size -= len(self._values.pop(guest, b""))

    def guests(self) -> tuple[GuestId, ...]:
        """All of whom something is remembered, as of now."""
        return tuple(self._values)

    def topic_id(self) -> str:
        """The topic that finished offsets count in, by any one value; empty: none says.

        Raises:
            StateError: A newer program wrote a value, or it cannot be read.
        """
        ids = (ledger_state.decode(value).topic_id for value in self._values.values())
        return next((found for found in ids if found), "")

    def __len__(self) -> int:
        return len(self._values)
