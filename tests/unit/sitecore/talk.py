"""A guest's whole conversation with Sitecore: steps and answers in a loop, on a moved clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from pipeline.commerce.events import BrowserId
from pipeline.record import Instant, later
from pipeline.refusal import Refusal
from pipeline.sitecore.absorb import absorb
from pipeline.sitecore.delivery import Delivery
from pipeline.sitecore.next_step import Finished, Send, SetAside, Wait, next_step
from pipeline.sitecore.outcome import (
    Delivered,
    Issued,
    Outcome,
    Refused,
    Retry,
    Unknown,
    UnknownBrowser,
)
from pipeline.sitecore.owed import Owed
from pipeline.sitecore.policy import DeliveryPolicy
from pipeline.sitecore.request import CreateBrowser, Request, SendEvent
from tests.unit.sitecore.samples import GUEST, ISSUED, NOW, policy

STEPS_MAX = 2000

Answerer = Callable[[Request], Outcome]


def accept(request: Request) -> Outcome:
    """Take everything."""
    return Issued(ISSUED, "") if isinstance(request, CreateBrowser) else Delivered()


def reborn(delivery: Delivery) -> Delivery:
    """What a restart finds in Kafka."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(delivery), type=Delivery)


@dataclass
class Talk:
    """Drives one guest; keeps every request and every letter."""

    rules: DeliveryPolicy = field(default_factory=policy)
    delivery: Delivery = field(default_factory=lambda: Delivery.new(GUEST))
    now: Instant = NOW
    jitter: float = 0.5
    restarts: bool = False
    requests: list[Request] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    letters: list[Refusal] = field(default_factory=list)
    abandoned: int = 0

    def pass_s(self, seconds: float) -> None:
        """Let time go by."""
        self.now = later(self.now, seconds)

    def tell(self, owed: Owed, answer: Answerer = accept) -> Finished | SetAside:
        """Bring one owed record to its end."""
        for _ in range(STEPS_MAX):
            if self.restarts:
                self.delivery = reborn(self.delivery)
            step = next_step(self.delivery, owed, self.now, self.rules)
            match step:
                case Wait(until=until):
                    assert until > self.now
                    self.now = until
                case Send(request=request):
                    self._send(owed, request, answer(request))
                case Finished() | SetAside():
                    self.delivery = step.delivery
                    return step
        raise AssertionError("no end")

    def one(self, owed: Owed, outcome: Outcome, *, excused: bool = False) -> Request:
        """Send what comes next, with this outcome."""
        step = next_step(self.delivery, owed, self.now, self.rules)
        if isinstance(step, Wait):
            self.now = step.until
            step = next_step(self.delivery, owed, self.now, self.rules)
        assert isinstance(step, Send), step
        self._send(owed, step.request, outcome, excused=excused)
        return step.request

    def _send(
        self, owed: Owed, request: Request, outcome: Outcome, *, excused: bool = False
    ) -> None:
        self.requests.append(request)
        self.outcomes.append(outcome)
        absorbed = absorb(
            self.delivery,
            owed,
            request,
            outcome,
            now=self.now,
            jitter=self.jitter,
            policy=self.rules,
            excused=excused,
        )
        self.delivery = absorbed.delivery
        self.abandoned += absorbed.abandoned
        if absorbed.letter:
            self.letters.append(absorbed.letter)

    @property
    def messages(self) -> list[Mapping[str, object]]:
        """Every event that was sent."""
        return [dict(r.message) for r in self.requests if isinstance(r, SendEvent)]

    @property
    def types(self) -> list[str]:
        """The type of every request."""
        return [request.type for request in self.requests]

    @property
    def marked(self) -> list[str]:
        """The types of requests that were marked as possible repeats."""
        events = [r for r in self.requests if isinstance(r, SendEvent)]
        return [request.type for request in events if request.possible_repeat]


SILENCE = Unknown("timeout")
BAD = Refused("HTTP 400")
GATEWAY = Retry("http_502", possible_repeat=True)


def refusing(kind: str, outcome: Outcome = BAD, item: str = "") -> Answerer:
    """Take everything but events of one type, or of one type and item."""

    def answer(request: Request) -> Outcome:
        hit = request.type == kind and item in str(getattr(request, "message", ""))
        return outcome if hit else accept(request)

    return answer


def first(kind: str, outcome: Outcome, times: int = 1) -> Answerer:
    """Answer the first requests of a type so, and take everything else."""
    left = [times]

    def answer(request: Request) -> Outcome:
        if request.type == kind and left[0]:
            left[0] -= 1
            return outcome
        return accept(request)

    return answer


def unknown(*browser_ids: str) -> Answerer:
    """Sitecore does not know these browser ids; it issues one after the other."""
    issued = iter((ISSUED, BrowserId("d38b"), BrowserId("e38b")))

    def answer(request: Request) -> Outcome:
        if isinstance(request, CreateBrowser):
            return Issued(next(issued), "guest-ref")
        return UnknownBrowser() if request.message["browser_id"] in browser_ids else Delivered()

    return answer


def rule(step: Finished | SetAside) -> str | None:
    return step.refusal.rule if isinstance(step, SetAside) else None
