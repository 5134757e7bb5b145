"""What the destination has of each guest, by what it has taken and nothing else."""

from collections import defaultdict
from dataclasses import dataclass, field

from pipeline.record import GuestId
from pipeline.sitecore.messages import ADD, CHECKOUT, CLEAR_CART
from pipeline.sitecore.owed import OwedOrder, OwedPayment
from pipeline.sitecore.request import SendEvent
from tests.simulation_deliver.call import Call
from tests.simulation_deliver.setting import SESSION_TIMEOUT_S

Lines = dict[str, int]
"""Quantity by item."""


@dataclass(slots=True)
class Session:
    """One session: a browser id on a channel of a point of sale."""

    lines: Lines = field(default_factory=dict)
    at: float = 0.0
    is_disturbed: bool = False
    """Whether something was taken that nobody waited for any more."""


class Truth:
    """Sessions, identities, orders and payments."""

    def __init__(self) -> None:
        self.sessions: dict[tuple[str, str, str, str], Session] = defaultdict(Session)
        self.deliveries: set[str] = set()
        """Of which at least one event was taken."""
        self.identities: set[tuple[GuestId, str]] = set()
        self.orders: set[tuple[GuestId, str]] = set()
        self.payments: set[tuple[GuestId, str, str]] = set()
        """Guest, order and type."""

    def take(self, call: Call) -> None:
        """Take an event."""
        assert isinstance(call.request, SendEvent)
        assert call.taken_at is not None
        message, guest = call.request.message, call.due.guest
        self.deliveries.add(call.request.delivery_id)
        session = self.sessions[call.session]
        if call.taken_at - session.at >= SESSION_TIMEOUT_S:
            session.lines = {}
        session.at = call.taken_at
        match call.request.type:
            case "IDENTITY":
                self.identities.add((guest, str(message["email"])))
            case "ORDER_CHECKOUT":
                order = message["order"]
                assert isinstance(order, dict)
                self.orders.add((guest, str(order["referenceId"])))
            case "PAYMENT":
                # It names no order: its session does.
                assert isinstance(call.due.owed, OwedOrder | OwedPayment)
                self.payments.add((guest, call.due.owed.order_id, str(message["pay_type"])))
            case kind:
                self._change(session, call, kind)

    def _change(self, session: Session, call: Call, kind: str) -> None:
        assert isinstance(call.request, SendEvent)
        if kind not in {ADD, CLEAR_CART, CHECKOUT}:
            return
        session.is_disturbed |= call.is_orphan
        if kind == ADD:
            product = call.request.message["product"]
            assert isinstance(product, dict)
            session.lines[call.item] = int(str(product["quantity"]))
            return
        if kind == CHECKOUT:
            self.orders.add((call.due.guest, str(call.request.message["reference_id"])))
        session.lines = {}

    def carts(self, guest: GuestId, channel: str, shop: str) -> list[Session]:
        """All sessions of a guest there, whatever the browser id."""
        return [
            session
            for (whose, _, where, whom), session in self.sessions.items()
            if (whose, where, whom) == (guest, channel, shop)
        ]
