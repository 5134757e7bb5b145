"""One partition of ours: what is restored, read, in hand and done of it."""

from asyncio import Task
from dataclasses import dataclass, field, replace

from pipeline.deliver.breaker import Hold
from pipeline.deliver.lanes import Item, Lane
from pipeline.deliver.ledger import Ledger
from pipeline.deliver.offsets import InHand, Progress
from pipeline.kafka.dead_letters import MAY_HAVE_ARRIVED
from pipeline.record import GuestId
from pipeline.sitecore.delivery import head_of
from pipeline.sitecore.request import Request, SendEvent
from pipeline.sitecore.tries import form_closed_by, is_possible_repeat


@dataclass(slots=True)
class Suspicion:
    """Whose first request may repeat one of an owner that did not end well.

    That owner had in hand at most *left* unfinished records below *end*, those included that came
    while it was asking for no more; one request of each of
    their guests may have been under way.
    """

    end: int
    left: int
    cleared: set[GuestId] = field(default_factory=set)
    """Guests that were suspected, and of whom something was answered since."""

    def falls_on(self, guest: GuestId, offset: int) -> bool:
        """Whether it falls on a guest because of one more unfinished record."""
        if self.left == 0 or offset >= self.end:
            return False
        self.left -= 1
        if self.left == 0:
            self.end = offset + 1
        return guest not in self.cleared

    def clear(self, lane: Lane) -> None:
        """Suspect a guest no longer."""
        if lane.suspect:
            lane.suspect, lane.may_have_left = False, True
            self.cleared.add(lane.guest)


@dataclass(slots=True)
class Restored:
    """What is known of a partition once its deliveries are here."""

    ledger: Ledger
    progress: Progress
    suspicion: Suspicion
    topic_id: str


@dataclass(slots=True, eq=False)
class Partition:
    """One partition of ours."""

    number: int
    assignment: int
    """Counts all partitions that ever became ours: one that comes back is another."""
    in_hand: InHand
    early: list[Item] = field(default_factory=list)
    """Records that came before the deliveries were restored."""
    restored: Restored | None = None
    reached: int = 0
    """Below it nothing is left to be read, as far as we heard."""
    began: bool = False
    """Whether the deliveries say that it was begun; only then offsets are committed."""
    admitted: bool = False
    """Whether a commit of ours was acknowledged, which says that we are at work here."""
    releasing: bool = False
    cut: bool = False
    """Whether something under way was cut when it was to be released."""
    tasks: set[Task[None]] = field(default_factory=set)
    """Steps under way."""
    hold_kept: Hold | None = None
    """The hold that the ledger shows."""
    hold_asked: bool = False
    end: int = 0
    """One past its last record, as far as we heard."""
    first: int = 0
    """Below it everything is deleted, as far as we heard."""
    begins: int = 0
    """Where reading went on when what was to be read next was deleted."""
    looked: int = -1
    """What *first* was when it was last looked for guests to forget."""

    @property
    def clean(self) -> bool:
        """Whether nobody has to suspect a request of ours, or of an owner before us."""
        if self.restored is None or self.cut:
            return False
        return self.restored.progress.done >= self.restored.suspicion.end


def marked(request: Request, lane: Lane) -> Request:
    """Mark a request if an owner that did not end well may have sent it, or its order.

    An order that was under way may go out now in another form, behind other requests. So may
    a replayed one that was set aside since nobody knew whether it had arrived.
    """
    if not isinstance(request, SendEvent):
        return request
    leaves = lane.may_have_left and form_closed_by(request.type) is not None
    again = bool(lane.items) and MAY_HAVE_ARRIVED in lane.items[0].record.headers
    return replace(request, possible_repeat=True) if lane.suspect or leaves or again else request


def cause_of_mark(request: SendEvent, lane: Lane) -> str:
    """Why a request is marked, as a label value.

    Of what it repeats, `pipeline_attempts` says how it ended if it was ours, or of an owner that
    could still write it down.
    """
    if is_possible_repeat(request, head_of(lane.delivery, request.delivery_id)):
        return "unanswered"
    return "earlier_owner" if lane.suspect or lane.may_have_left else "replayed"
