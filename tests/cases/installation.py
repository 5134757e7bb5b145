"""An installation without Kafka and without a network: events in, requests out, answers back.

Events pass through their Avro bytes, requests through their wire form: between them are the two
cores, as the workers and `pipeline preview` use them.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid5

from pipeline.commerce.decode import Decoder, NoRegistry
from pipeline.commerce.encode import encode
from pipeline.commerce.events import CommerceEvent, OrderId, OrderPlaced
from pipeline.commerce.ndjson import parse
from pipeline.config import Settings
from pipeline.orders.advance import advance, wake
from pipeline.orders.guest import Guest, SetAside
from pipeline.orders.guest import Step as OrderStep
from pipeline.policies import delivery_policy, order_policy
from pipeline.record import GuestId, Instant, Position, Record, later
from pipeline.refusal import Refusal
from pipeline.sandbox.settings import EXAMPLE_SHOP
from pipeline.sitecore.absorb import absorb
from pipeline.sitecore.codec import as_read
from pipeline.sitecore.delivery import Delivery, finish
from pipeline.sitecore.flags import flags_of
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.judge import judge
from pipeline.sitecore.next_step import Finished, Send, Wait, next_step
from pipeline.sitecore.next_step import SetAside as NotSent
from pipeline.sitecore.outcome import NoAnswer, Outcome, Reply, SetUp, Throttle
from pipeline.sitecore.owed import Owed, OwedOrder
from pipeline.sitecore.request import Request, SendEvent
from pipeline.sitecore.wire import to_http
from tests.cases.shop import START, Document
from tests.fakes import http_answer

KEY = "the-client-key"
_OF_PAYMENTS = {"payment_not_possible", "payment_refused"}
HOLD_S = 1.0
"""How soon a held deliverer tries again."""

Answerer: TypeAlias = Callable[[HttpRequest], Reply]


@dataclass(frozen=True)
class Sent:
    """One request, as it left, and what came of it."""

    request: Request
    http: HttpRequest
    outcome: Outcome
    at: Instant

    @property
    def is_marked(self) -> bool:
        """Whether it says of itself that Sitecore may have it."""
        return isinstance(self.request, SendEvent) and self.request.possible_repeat


def taking() -> Answerer:
    """Take everything, and issue one browser id after the other."""
    issued: list[str] = []

    def answer(request: HttpRequest) -> Reply:
        said = {"status": "OK", "version": "1.2", "client_key": KEY, "ref": "event-ref"}
        if "/browser/" in request.path:
            issued.append(str(uuid5(UUID(int=7), str(len(issued)))))
            said |= {"ref": issued[-1], "customer_ref": f"guest-ref-{len(issued)}"}
        return http_answer(201, json.dumps(said).encode())

    return answer


def answering(*first: Reply) -> Answerer:
    """Give these answers first, then take everything."""
    script, take = iter(first), taking()
    return lambda request: next(script, None) or take(request)


class Installation:
    """Both cores with their memory, on one clock that events, waits and silences move."""

    def __init__(
        self, *points: Mapping[str, Any], answer: Answerer | None = None, **more: Any
    ) -> None:
        """Set up.

        Args:
            points: Points of sale as in a settings file; none: the documented one.
            answer: What Sitecore says; None: it takes everything.
            more: Further sections of a settings file.
        """
        sitecore = {"points_of_sale": list(points) or [{"name": EXAMPLE_SHOP}]}
        tree = more | {"sitecore": sitecore | more.get("sitecore", {})}
        self.settings = Settings.model_validate(tree)
        self.policy = order_policy(self.settings)
        self.deliveries = delivery_policy(self.settings)
        self.answer = answer or taking()
        self.jitter: Callable[[], float] = lambda: 0.5
        self.now = START
        self.sent: list[Sent] = []
        self.refused: list[Refusal] = []
        self.letters: list[SetAside] = []
        """What assemble set aside, of all that was refused."""
        self.orders_set_aside: list[OrderId] = []
        self.not_sent: list[str] = []
        self.flags: list[str] = []
        self.held = False
        self.told: dict[GuestId, Delivery] = {}
        self.guests: dict[GuestId, Guest] = {}
        self._timers: dict[GuestId, Instant] = {}
        self._lanes: dict[GuestId, deque[Owed]] = {}
        self._ready_at: dict[GuestId, Instant] = {}
        self._paused_until = START
        self._decode = Decoder(NoRegistry()).decode
        self._offset = 0

    def hears(self, *events: Document | CommerceEvent, at: Instant | None = None) -> "Installation":
        """Read events, each when it happened, or all at one instant; time never goes back."""
        for given in events:
            said = parse(json.dumps(given)) if isinstance(given, dict) else given
            self.until(max(self.now, said.occurred_at if at is None else at))
            self._offset += 1
            key, value = said.guest_id.encode(), encode(said)
            record = Record(Position("commerce-events", 0, self._offset), self.now, key, value)
            event = self._decode(record)
            before = self.guests.get(event.guest_id)
            self._take(event.guest_id, advance(before, event, record, self.policy))
            self.until(self.now)
        return self

    def rests(self, seconds: float = 3600.0) -> "Installation":
        """Let time pass: waits end, and what is owed is told."""
        return self.until(later(self.now, seconds))

    def until(self, instant: Instant) -> "Installation":
        """Do everything that is due until then, in its order."""
        while (due := self._next()) is not None and due[0] <= instant:
            at, is_lane, guest_id = due
            self.now = max(self.now, at)
            if is_lane:
                self._tell(guest_id)
            else:
                position = Position("commerce-events", 0, self._offset)
                step = wake(self.guests[guest_id], at, (position,), self.policy)
                self._take(guest_id, step)
        self.now = max(self.now, instant)
        return self

    @property
    def types(self) -> list[str]:
        """The type of every request; ``BROWSER`` for one that asks for a browser id."""
        return [sent.request.type for sent in self.sent]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Every event that left, read back from its wire form, without the client key."""
        return [message_of(one.http) for one in self.sent if isinstance(one.request, SendEvent)]

    @property
    def rules(self) -> list[tuple[str, str]]:
        """Rule and field of all that was set aside."""
        return [(refusal.rule, refusal.field) for refusal in self.refused]

    def only(self, kind: str) -> dict[str, Any]:
        """The one message of a type."""
        (message,) = (message for message in self.messages if message["type"] == kind)
        return message

    def _next(self) -> tuple[Instant, bool, GuestId] | None:
        """What is due first: an instant, whether it is a lane, and whose."""
        lanes = (
            (max(self._ready_at.get(guest, START), self._paused_until), True, guest)
            for guest, lane in self._lanes.items()
            if lane
        )
        timers = ((at, False, guest) for guest, at in self._timers.items())
        return min((*lanes, *timers), default=None)

    def _take(self, guest_id: GuestId, step: OrderStep) -> None:
        self.guests.pop(guest_id, None)
        self._timers.pop(guest_id, None)
        if step.guest is not None:
            self.guests[guest_id] = step.guest
            if step.wake_at is not None:
                self._timers[guest_id] = step.wake_at
        self.letters += step.set_aside
        records = (aside.record for aside in step.set_aside if aside.record is not None)
        self.orders_set_aside += [
            event.order_id for event in map(self._decode, records) if isinstance(event, OrderPlaced)
        ]
        self.refused += [aside.refusal for aside in step.set_aside]
        self._lanes.setdefault(guest_id, deque()).extend(map(as_read, step.owed))

    def _tell(self, guest_id: GuestId) -> None:
        """Take one step for the first thing that is owed to a guest."""
        lane = self._lanes[guest_id]
        delivery = self.told.get(guest_id) or Delivery.new(guest_id)
        step = next_step(delivery, lane[0], self.now, self.deliveries)
        match step:
            case Wait(until=until):
                self._ready_at[guest_id] = until
                return
            case Send(request=request):
                self._send(delivery, lane[0], request)
                return
            case Finished(skipped=reason):
                self.not_sent += [reason] if reason else []
            case NotSent(refusal=refusal):
                self.refused.append(refusal)
                # Its payment may be set aside although the order has arrived.
                if isinstance(lane[0], OwedOrder) and refusal.rule not in _OF_PAYMENTS:
                    self.orders_set_aside.append(lane[0].order_id)
        owed = lane.popleft()
        shop = self.deliveries.points_of_sale.get(owed.context.point_of_sale)
        self.flags += [flag.name for flag in flags_of(owed, shop)] if shop else []
        self.told[guest_id] = finish(step.delivery, len(self.sent), "stream-events")

    def _send(self, delivery: Delivery, owed: Owed, request: Request) -> None:
        form = self.settings.sitecore.wire_form
        http = to_http(request, client_key=KEY, form=form, mark=True)
        reply = self.answer(http)
        silence_s = self.settings.deliver.request_timeout_s if isinstance(reply, NoAnswer) else 0
        now = later(self.now, silence_s)
        outcome = judge(request, reply, now=now)
        self.sent.append(Sent(request, http, outcome, self.now))
        self._ready_at[owed.guest_id] = now
        self._heed(outcome)
        absorbed = absorb(
            delivery,
            owed,
            request,
            outcome,
            now=now,
            jitter=self.jitter(),
            policy=self.deliveries,
        )
        self.told[owed.guest_id] = absorbed.delivery
        if absorbed.letter is not None:
            self.refused.append(absorbed.letter)

    def _heed(self, outcome: Outcome) -> None:
        """Pause as long as the destination asks for, or hold."""
        self.held = isinstance(outcome, SetUp)
        if isinstance(outcome, Throttle):
            self._paused_until = later(self.now, max(outcome.after_s, 0.001))
        elif self.held:
            self._paused_until = later(self.now, HOLD_S)


def message_of(http: HttpRequest) -> dict[str, Any]:
    """Read a message back from either wire form."""
    if http.body is None:
        (text,) = parse_qs(urlsplit(http.path).query)["message"]
    else:
        text = http.body.decode()
    message: dict[str, Any] = json.loads(text)
    message.pop("client_key", None)
    return message


def told(*documents: Document, **point_of_sale: Any) -> Installation:
    """Play documents at the documented point of sale, to the end of every wait."""
    point = {"name": EXAMPLE_SHOP} | point_of_sale
    return Installation(point).hears(*documents).rests()
