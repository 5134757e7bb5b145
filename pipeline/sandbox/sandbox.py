"""The sandbox: decides every answer, logs every request, and does no input or output."""

from collections.abc import Callable
from dataclasses import asdict
from enum import Enum
from random import Random
from typing import NamedTuple
from uuid import uuid4

from pipeline.record import Instant, later
from pipeline.sandbox import wire
from pipeline.sandbox.faults import NO_FAULTS, Dice, Faults, Mishap, checked
from pipeline.sandbox.request_log import LoggedRequest, RequestLog
from pipeline.sandbox.rules.every_event import Form
from pipeline.sandbox.rules.fields import JsonObject, entries, is_text
from pipeline.sandbox.settings import SandboxSettings
from pipeline.sandbox.tenant import Tenant
from pipeline.sandbox.wire import Call, Reply, Said, WireError

_AHEAD_MAX_S = 1e9


class Ending(Enum):
    """How a request ends."""

    ANSWER = "answer"
    ABORT = "abort"
    HANG = "hang"


class Handled(NamedTuple):
    """What to do with a connection, when the message has been taken or not."""

    ending: Ending
    reply: Reply
    """Sent for ANSWER only."""
    delay_s: float


def _new_ref() -> str:
    return str(uuid4())


class Sandbox:
    """A tenant, its wire, its faults and its log.

    Args:
        clock: Milliseconds since the epoch; `advance` moves the sandbox ahead of it.
        new_ref: Draws references and browser ids; they must never repeat.
    """

    def __init__(
        self,
        settings: SandboxSettings,
        clock: Callable[[], Instant],
        *,
        faults: Faults = NO_FAULTS,
        new_ref: Callable[[], str] = _new_ref,
    ) -> None:
        self.settings = settings
        self.tenant = Tenant(settings, new_ref)
        self.log = RequestLog(settings.requests_kept, settings.request_bytes_kept)
        self._clock = clock
        self._ahead_s = 0.0
        random = Random(settings.seed)  # noqa: S311 — faults are reproducible, not secret
        self._dice = Dice(random, checked(asdict(faults)), self.now())

    def now(self) -> Instant:
        """The sandbox's time."""
        return later(self._clock(), self._ahead_s)

    def advance(self, by_s: float) -> None:
        """Let time pass: sessions end that were silent for long enough.

        Raises:
            ValueError: That is further ahead than a calendar should go.
        """
        if not 0 <= self._ahead_s + by_s <= _AHEAD_MAX_S or by_s < 0:
            raise ValueError(
                f"the clock goes forward only, and at most {_AHEAD_MAX_S:.0f} s in all"
            )
        self._ahead_s += by_s

    @property
    def faults(self) -> Faults:
        """What goes wrong now."""
        return self._dice.faults

    def set_faults(self, faults: Faults) -> None:
        """Let other things go wrong from now on.

        Raises:
            ValueError: They do not make sense.
        """
        self._dice.change(checked(asdict(faults)), self.now())

    def handle(self, call: Call) -> Handled:
        """Take a request, or not, and decide its answer."""
        now = self.now()
        fate = self._dice.roll(now)
        entry = LoggedRequest(
            now,
            call.endpoint,
            delivery_id=call.delivery_id,
            possible_repeat=call.possible_repeat,
            mishap=fate.mishap,
        )
        reply = self._reply(call, entry)
        ending = _ENDINGS.get(fate.mishap, Ending.ANSWER)
        entry.status = reply.status if ending is Ending.ANSWER else None
        self.log.add(entry)
        return Handled(ending, reply, fate.delay_s)

    def _reply(self, call: Call, entry: LoggedRequest) -> Reply:
        try:
            said = self._read(call, entry)
        except WireError as error:
            reply = wire.refused(error.status, error.message)
            return self._injected(entry.mishap) or reply
        injected = self._injected(entry.mishap)
        if injected is not None and entry.mishap is not Mishap.FAIL_AFTER:
            return injected
        reply = self._documented(call, said, entry)
        return injected or reply

    def _injected(self, mishap: Mishap) -> Reply | None:
        """The answer of a mishap; None where it leaves the documented one."""
        match mishap:
            case Mishap.UNAUTHORIZED:
                return wire.refused(401, "injected: this client key counts as wrong")
            case Mishap.THROTTLED:
                return wire.refused(429, "injected: over the limit", self.faults.retry_after_s)
            case Mishap.FAIL_BEFORE | Mishap.FAIL_AFTER | Mishap.HANG:
                return wire.refused(self.faults.fail_status, f"injected: {mishap.value}")
        return None

    def _read(self, call: Call, entry: LoggedRequest) -> Said:
        """Read what a request says, and log it even if it is not taken."""
        said = wire.read(call, entry)
        entry.type = _named(said.message, "type")
        entry.browser_id = _named(said.message, "browser_id") or call.browser_id or None
        entry.reference = reference_of(said.message)
        return said

    def _documented(self, call: Call, said: Said, entry: LoggedRequest) -> Reply:
        """Do and answer as the documentation says."""
        if said.client_key != self.settings.client_key:
            return wire.refused(401, "wrong client key, or the host of another region")
        match call.endpoint:
            case "browser/create":
                return self._create_browser(entry)
            case "browser/show":
                return self._show_browser(call, entry)
            case "event/post":
                return self._take(said.message, "post", entry)
            case "event/get":
                return self._take(said.message, "get", entry)

    def _create_browser(self, entry: LoggedRequest) -> Reply:
        entry.browser_id, entry.guest = self.tenant.create_browser()
        entry.taken = True
        return wire.browser_created(self.settings.client_key, entry.browser_id, entry.guest.ref)

    def _show_browser(self, call: Call, entry: LoggedRequest) -> Reply:
        entry.guest = self.tenant.guests.behind(call.browser_id)
        if entry.guest is None:
            return wire.refused(404, "no such browser id")
        entry.taken = True
        return wire.browser_shown(self.settings.client_key, call.browser_id, entry.guest.ref)

    def _take(self, message: JsonObject, form: Form, entry: LoggedRequest) -> Reply:
        if entry.type is None or entry.browser_id is None:
            return wire.refused(400, "the event has no browser_id or no type")
        entry.guest = self.tenant.guests.behind(entry.browser_id)
        if entry.guest is None:
            return wire.refused(404, "the browser id is wrong")
        refused = self.faults.refuse_item_types
        if refused and any(name in refused for name in _item_types(message)):
            return wire.refused(400, "injected: this item type is refused")
        taken = self.tenant.take(message, form=form, now=entry.at)
        entry.taken, entry.guest, entry.unseen = True, taken.guest, taken.unseen
        return wire.created(self.settings.client_key, taken.ref)


_ENDINGS = {Mishap.CUT: Ending.ABORT, Mishap.HANG: Ending.HANG}


def _named(message: JsonObject, name: str) -> str | None:
    value = message.get(name)
    return value if is_text(value) else None


def _item_types(message: JsonObject) -> list[object]:
    match message:
        case {"type": "ADD", "product": dict() as product}:
            return [product.get("type")]
        case {"type": "ORDER_CHECKOUT", "order": dict() as order}:
            return [item.get("type") for item in entries(order, "orderItems")]
    return []


def reference_of(message: JsonObject) -> str | None:
    """Read the order's number of a message that says one."""
    match message:
        case {"type": "ORDER_CHECKOUT", "order": {"referenceId": str() as reference}}:
            return reference
        case {"type": "CHECKOUT", "reference_id": str() as reference}:
            return reference
    return None
