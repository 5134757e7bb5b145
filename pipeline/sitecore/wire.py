"""The bytes of a request: both wire forms of an event, and the asking for a browser id."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, assert_never
from urllib.parse import quote

from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.request import CreateBrowser, JsonValue, Message, Request, SendEvent

EVENTS_PATH = "/v1.2/events"
EVENT_PATH = "/v1.2/event/create.json"
BROWSER_PATH = "/v1.2/browser/create.json"

_JSON = ("Content-Type", "application/json")
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def to_http(
    request: Request,
    *,
    client_key: str,
    form: Literal["post", "get"],
    mark: bool,
    write: Callable[[JsonValue], bytes] = lambda value: to_json(value).encode(),
) -> HttpRequest:
    """Write a request as Sitecore takes it.

    Args:
        client_key: Added here and nowhere before.
        form: ``post``: one flat JSON body, as Sitecore's own library sends; ``get``: the message
            in the query, as the direct HTTP pages document.
        mark: Whether delivery id and possible repeat are said in headers.
        write: Writes JSON; a faster library may be given.
    """
    match request:
        case CreateBrowser():
            # The library sends these braces as they are.
            path = f"{BROWSER_PATH}?client_key={quote(client_key, safe='')}&message={{}}"
            return HttpRequest("GET", path, headers=_marks(request, mark=mark))
        case SendEvent():
            marks = _marks(request, mark=mark)
            if form == "get":
                return _get(request.message, client_key, marks, write)
            body = write(_with_key(request.message, client_key))
            return HttpRequest("POST", EVENTS_PATH, body, (_JSON, *marks))
        case _:
            assert_never(request)


def _get(
    message: Message,
    client_key: str,
    marks: tuple[tuple[str, str], ...],
    write: Callable[[JsonValue], bytes],
) -> HttpRequest:
    query = f"client_key={quote(client_key, safe='')}&message={quote(write(message), safe='')}"
    return HttpRequest("GET", f"{EVENT_PATH}?{query}", headers=marks)


def _with_key(message: Message, client_key: str) -> dict[str, JsonValue]:
    """Put the client key where Sitecore's library puts it: behind the channel."""
    keyed: dict[str, JsonValue] = {}
    for name, value in message.items():
        keyed[name] = value
        if name == "channel":
            keyed["client_key"] = client_key
    keyed["client_key"] = client_key
    return keyed


def _marks(request: Request, *, mark: bool) -> tuple[tuple[str, str], ...]:
    if not mark:
        return ()
    delivery = ("X-Delivery-Id", str(request.delivery_id))
    repeated = isinstance(request, SendEvent) and request.possible_repeat
    return (delivery, ("X-Possible-Repeat", "true")) if repeated else (delivery,)


def to_json(value: JsonValue) -> str:
    """Write JSON without blanks; numbers are written with exactly the digits they have.

    Raises:
        ValueError: A float is not a number or infinite.
    """
    try:
        return _encoder.encode(value)
    except TypeError:
        return _exactly(value)


def _exactly(value: JsonValue) -> str:
    """The slow way, taken only by a message that holds a Decimal."""
    match value:
        case Decimal():
            return format(value, "f")
        case Mapping():
            pairs = (f"{_encoder.encode(name)}:{_exactly(held)}" for name, held in value.items())
            return "{" + ",".join(pairs) + "}"
        case list():
            return "[" + ",".join(map(_exactly, value)) + "]"
        case _:
            return _encoder.encode(value)
