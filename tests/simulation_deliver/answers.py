"""What may become of one request at the destination, and what is heard of it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import ceil
from random import Random
from typing import Final, NamedTuple, TypeAlias

from pipeline.record import Instant
from pipeline.sitecore.outcome import Answer, NoAnswer, NotSent, Reply
from tests.fakes import http_answer
from tests.simulation_deliver.setting import REQUEST_S, RETRY_AFTER_MAX_S


class Fate(NamedTuple):
    """What becomes of one request."""

    kind: str
    reply: Reply | None
    """None: nothing is ever heard."""
    is_taken: bool
    taken_after_s: float = 0.02
    heard_after_s: float = 0.05
    pause_s: float = 0.0
    """How long from its leaving on the destination asks to be left alone, at least."""

    @property
    def confirms(self) -> bool:
        """Whether the answer says that it was taken."""
        return self.kind in {"ok", "unreadable"}


OK: Final = Fate("ok", http_answer(), is_taken=True)
_UNREADABLE = tuple(
    http_answer(status, body)
    for status, body in ((200, b""), (201, b'{"stat'), (204, b""), (200, b"\x1f\x8b\x08\x00junk"))
)
_SET_UP = (
    http_answer(401, b""),
    http_answer(403, b'{"status":"FORBIDDEN"}'),
    http_answer(302, b"", (("location", "https://elsewhere.example"),)),
    http_answer(200, b"<!doctype html><title>Welcome</title>", (("content-type", "text/html"),)),
)
_GARBAGE = (http_answer(199, b"?"), Answer(777, {}, b"\x00\xff"), Answer(0, {}, b""))

Draw: TypeAlias = Callable[[Random, Instant], Fate]


def _either(rng: Random) -> bool:
    return rng.random() < 0.5


def _throttled(rng: Random, now: Instant, status: int) -> Fate:
    """Both forms of ``Retry-After``, a useless one, none, and one that means an outage."""
    asked_s = rng.choice((0, 1, 2, 5, int(RETRY_AFTER_MAX_S) + 10))
    taken = status == 503 and _either(rng)
    form = rng.randint(0, 3)
    if form == 0:
        headers: tuple[tuple[str, str], ...] = (("retry-after", str(asked_s)),)
        pause_s = float(asked_s)
    elif form == 1:
        until = datetime.fromtimestamp(ceil(now / 1000), UTC) + timedelta(seconds=asked_s)
        headers = (("retry-after", format_datetime(until, usegmt=True)),)
        pause_s = until.timestamp() - now / 1000
    else:
        headers = (("retry-after", "soon"),)
        pause_s = 1.0
    if form == 3 and status == 429:
        headers = ()
    return Fate("throttled", http_answer(status, b"", headers), taken, pause_s=pause_s)


def _gateway(rng: Random, _: Instant) -> Fate:
    return Fate("gateway", http_answer(rng.choice((500, 502, 504)), b"bad"), _either(rng))


def _silent(rng: Random, _: Instant) -> Fate:
    """Nothing comes in time; some of these are taken, a few only long after."""
    taken_after_s = rng.choice((0.02, 0.5, REQUEST_S - 0.1, 2 * REQUEST_S, 20.0))
    return Fate("hang", None, _either(rng), taken_after_s=taken_after_s)


def _cut(rng: Random, _: Instant) -> Fate:
    heard_after_s = rng.choice((0.03, 0.7))
    reply = NoAnswer("connection_lost")
    return Fate("cut", reply, _either(rng), heard_after_s=heard_after_s)


def _unreadable(rng: Random, _: Instant) -> Fate:
    return Fate("unreadable", rng.choice(_UNREADABLE), is_taken=True)


def _other(_: Random, __: Instant) -> Fate:
    return Fate("refused", http_answer(200, b'{"status":"ERROR"}'), is_taken=False)


def _bad(_: Random, __: Instant) -> Fate:
    return Fate("refused", http_answer(400, b'{"status":"BAD"}'), is_taken=False)


def _unknown_browser(_: Random, __: Instant) -> Fate:
    return Fate("unknown_browser", http_answer(404, b""), is_taken=False)


DRAWS: Final[Mapping[str, Draw]] = {
    "unreadable": _unreadable,
    "other_status": _other,
    "bad_request": _bad,
    "set_up": lambda rng, _: Fate("set_up", rng.choice(_SET_UP), is_taken=False),
    "unknown_browser": _unknown_browser,
    "timeout": lambda _, __: Fate("timeout", http_answer(408, b""), is_taken=False),
    "throttled": lambda rng, now: _throttled(rng, now, 429),
    "gateway": _gateway,
    "busy": lambda rng, now: _throttled(rng, now, 503),
    "silent": _silent,
    "cut": _cut,
    "unsent": lambda _, __: Fate("unsent", NotSent("connect_failed"), is_taken=False),
    "garbage": lambda rng, _: Fate("garbage", rng.choice(_GARBAGE), _either(rng)),
}
"""Every class of answer but that all is well."""

SPELLS: Final = (
    *("bad_request", "set_up", "unknown_browser", "throttled", "gateway", "busy", "silent"),
    "unsent",
)
"""How a destination may answer for a while, whatever it is asked."""
