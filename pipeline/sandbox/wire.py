"""The wire: what a request may look like, and what its answer says."""

import re
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

import msgspec

from pipeline.sandbox.request_log import LoggedRequest
from pipeline.sandbox.rules.fields import JsonObject

Endpoint: TypeAlias = Literal["event/post", "event/get", "browser/create", "browser/show"]

_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Call(NamedTuple):
    """An HTTP request to the Stream API, as far as it matters."""

    endpoint: Endpoint
    query: str = ""
    """Raw, percent-encoded."""
    body: bytes = b""
    content_type: str = ""
    browser_id: str = ""
    """From the path of browser/show."""
    delivery_id: str | None = None
    possible_repeat: bool = False


class Said(NamedTuple):
    """What a request says."""

    client_key: object
    message: JsonObject


class Reply(NamedTuple):
    """An HTTP answer."""

    status: int
    body: bytes
    retry_after_s: int | None = None


class WireError(Exception):
    """A request that is answered with an error instead of being taken."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def parameters(query: str) -> dict[str, str]:
    """Read a query string; stricter than most servers, since nothing is documented about it.

    Raises:
        WireError: Bad percent-encoding, not UTF-8, or a parameter that is there twice.
    """
    found: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        key = _unquoted(name)
        if key in found:
            raise WireError(400, f"the parameter {key[:50]!r} is there twice")
        found[key] = _unquoted(value)
    return found


def _unquoted(text: str) -> str:
    if _STRAY_PERCENT.search(text):
        raise WireError(400, "a percent sign that encodes nothing")
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode()
    except UnicodeError as error:
        raise WireError(400, "the query string is not UTF-8") from error


def parsed(text: str | bytes) -> JsonObject:
    """Parse one JSON object.

    Raises:
        WireError: It is something else.
    """
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError) as error:
        raise WireError(400, f"the message is not JSON: {error}"[:200]) from error
    if not isinstance(value, dict):
        raise WireError(400, "the message is not one JSON object")
    return value


def read(call: Call, entry: LoggedRequest) -> Said:
    """Read client key and message; the text goes to the log, whatever it turns out to be.

    Raises:
        WireError: There is no reading it.
    """
    if call.endpoint == "event/post":
        return _read_body(call, entry)
    entry.text = call.query
    found = parameters(call.query)
    entry.text = found.get("message", "")
    message = {} if call.endpoint == "browser/show" else parsed(entry.text)
    return Said(found.get("client_key"), message)


def _read_body(call: Call, entry: LoggedRequest) -> Said:
    """Read the form of Sitecore's library, which has everything in its body."""
    entry.text = call.body.decode(errors="replace")
    if call.content_type.partition(";")[0].strip().lower() != "application/json":
        raise WireError(400, "Content-Type must be application/json")
    message = parsed(call.body)
    return Said(message.get("client_key"), message)


def created(client_key: str, ref: str) -> Reply:
    """Answer that an event was ingested, which is all that it says."""
    return _ok(201, client_key, ref)


def browser_created(client_key: str, browser_id: str, guest_ref: str) -> Reply:
    """Answer a new browser id. Its status is not documented; that of events is taken."""
    return _ok(201, client_key, browser_id, customer_ref=guest_ref)


def browser_shown(client_key: str, browser_id: str, guest_ref: str) -> Reply:
    """Answer the guest behind a browser id. Its status is not documented."""
    return _ok(200, client_key, browser_id, customer={"ref": guest_ref})


def _ok(status: int, client_key: str, ref: str, **more: object) -> Reply:
    said = {"status": "OK", "version": "1.2", "client_key": client_key, "ref": ref, **more}
    return Reply(status, msgspec.json.encode(said))


def refused(status: int, message: str, retry_after_s: int | None = None) -> Reply:
    """Answer an error: the shape of the REST APIs', with the names of the browser endpoint's.

    The error body of the event endpoint is not documented.
    """
    said = {
        "status": status,
        "code": status,
        "message": message,
        "developerMessage": message,
        "error_msg": message,
        "moreInfo": "this is the sandbox of the pipeline, not Sitecore",
    }
    return Reply(status, msgspec.json.encode(said), retry_after_s)
