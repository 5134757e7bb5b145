"""The demo's sums: what went in, what came out, and that nothing is missing between them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.commerce.decode import Decoder, NoRegistry
from pipeline.commerce.events import OrderPlaced
from pipeline.errors import RecordError
from pipeline.record import Record
from pipeline.sitecore.codec import decode_owed
from pipeline.sitecore.owed import OwedOrder


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter, as far as the sums need it."""

    worker: str
    reason: str
    order_id: str | None
    """The order that was set aside; None when it was something else."""


@dataclass(frozen=True, slots=True)
class Books:
    """Both sides of the day."""

    published: int
    """Records on the commerce topic, the unreadable one included."""
    orders_placed: frozenset[str]
    assembled: Counter[str]
    """Records that assemble took, by what became of them."""
    owed: int
    """Records that assemble wrote for deliver."""
    finished: Counter[str]
    """Records that deliver finished, by what became of them."""
    arrived: Counter[str]
    """Orders at the sandbox: how often each is there."""
    marked: frozenset[str]
    """Orders of which a request left with the mark of a possible repeat."""
    unseen: Counter[str]
    """Messages that the sandbox accepted and will never show, by reason."""
    answers: Counter[str]
    """Requests at the sandbox, by the answer that they got."""
    letters: tuple[Letter, ...]

    @property
    def orders_set_aside(self) -> dict[str, str]:
        """Reason by order id."""
        return {letter.order_id: letter.reason for letter in self.letters if letter.order_id}


def letter_of(record: Record) -> Letter:
    """Read a dead letter: what it was is told by its original bytes."""
    headers = {name: (value or b"").decode() for name, value in record.headers}
    worker = headers["dead-letter-worker"]
    return Letter(worker, headers["dead-letter-reason"], _order_of(worker, record))


def _order_of(worker: str, record: Record) -> str | None:
    if worker == "deliver":
        owed = decode_owed(record.value or b"")
        return owed.order_id if isinstance(owed, OwedOrder) else None
    try:
        event = Decoder(NoRegistry()).decode(record)
    except RecordError:
        return None
    return event.order_id if isinstance(event, OrderPlaced) else None


def differences(books: Books) -> list[str]:
    """Say where the sums do not agree; empty: they do."""
    kept = set(books.arrived) | set(books.orders_set_aside)
    both = set(books.arrived) & set(books.orders_set_aside)
    repeated = {order for order, times in books.arrived.items() if times > 1}
    return [
        *_unequal("records published", books.published, "assembled", books.assembled.total()),
        *_unequal("records owed", books.owed, "finished", books.finished.total()),
        *_listed("orders are neither at Sitecore nor set aside", books.orders_placed - kept),
        *_listed("orders are there that nobody placed", kept - books.orders_placed),
        *_listed("orders are at Sitecore and set aside as well", both),
        *_listed("orders are there twice without a mark", repeated - books.marked),
    ]


def _unequal(left: str, left_count: int, right: str, right_count: int) -> list[str]:
    if left_count == right_count:
        return []
    return [f"{left_count} {left}, but {right_count} {right}"]


def _listed(what: str, orders: Iterable[str]) -> list[str]:
    named = sorted(orders)
    return [f"{len(named)} {what}: {', '.join(named[:5])}"] if named else []
