"""Every request in the order of its arrival: the newest ones, within bounds."""

from collections import Counter, deque
from dataclasses import dataclass, field

from pipeline.record import Instant
from pipeline.sandbox.faults import Mishap
from pipeline.sandbox.guests import Guest
from pipeline.sandbox.rules.fields import Violation

_TYPES_COUNTED = 200
"""How many different types are counted by name: anybody may invent them."""


@dataclass(slots=True)
class LoggedRequest:
    """One request and what it was answered."""

    at: Instant
    endpoint: str
    """``event/post``, ``event/get``, ``browser/create`` or ``browser/show``."""
    text: str = ""
    """The message as it was received."""
    type: str | None = None
    """Of an event."""
    browser_id: str | None = None
    reference: str | None = None
    """The order's number, where the message says one."""
    delivery_id: str | None = None
    """The header X-Delivery-Id."""
    possible_repeat: bool = False
    """Whether the header X-Possible-Repeat said true."""
    status: int | None = None
    """What was answered; None: nothing was."""
    taken: bool = False
    """Whether the message was accepted, whatever was answered."""
    mishap: Mishap = Mishap.NONE
    guest: Guest | None = None
    unseen: Violation | None = None
    """Why it was accepted and will never be seen."""
    seq: int = field(default=0, compare=False)
    """Counts requests from 1."""


class RequestLog:
    """Keeps the newest requests, and the newest unseen ones longer than those; counts all."""

    def __init__(self, kept: int, bytes_kept: int) -> None:
        self.newest: deque[LoggedRequest] = deque()
        self.unseen: deque[LoggedRequest] = deque(maxlen=kept)
        self.total = 0
        self.answers: Counter[tuple[str, str]] = Counter()
        """By type (or endpoint) and answer."""
        self.reasons: Counter[str] = Counter()
        """Unseen messages by reason."""
        self._kept = kept
        self._bytes_kept = bytes_kept
        self._bytes = 0
        self._types: set[str] = set()

    def add(self, request: LoggedRequest) -> None:
        """Log a request whose answer is decided."""
        self.total += 1
        request.seq = self.total
        self.newest.append(request)
        self._bytes += len(request.text)
        while len(self.newest) > self._kept or self._bytes > self._bytes_kept:
            self._bytes -= len(self.newest.popleft().text)
        self.answers[self._label(request), _answer(request)] += 1
        if request.unseen is not None:
            self.unseen.append(request)
            self.reasons[request.unseen.reason] += 1

    def _label(self, request: LoggedRequest) -> str:
        name = request.type or request.endpoint
        if name in self._types or len(self._types) < _TYPES_COUNTED:
            self._types.add(name)
            return name
        return "other"


def _answer(request: LoggedRequest) -> str:
    return str(request.status) if request.status is not None else request.mishap.value
