"""An HTTP request to the Stream API, ready to be written to a connection."""

from dataclasses import field

from pipeline.value import value


@value(frozen=True, slots=True)
class HttpRequest:
    """A request whose every byte is decided, but for the host it goes to."""

    method: str
    path: str = field(repr=False)
    """Begins with a slash and holds the query; percent-encoded. May hold the client key."""
    body: bytes | None = field(default=None, repr=False)
    """May hold the client key."""
    headers: tuple[tuple[str, str], ...] = ()
