"""Stand-ins for outside systems: each writes what is asked of it to one journal, in order."""

import asyncio
from collections.abc import Callable

from pipeline.sitecore.http_port import BODY_BYTES_MAX, Unsent, answer
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.outcome import Answer, NotSent, Reply


class Journal:
    """Effects in the order in which they were asked for, whoever did them."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, tuple[object, ...]]] = []

    def note(self, effect: str, *details: object) -> None:
        """Write down one effect, such as ``send`` or ``commit``."""
        self._entries.append((effect, details))

    def effects(self) -> list[str]:
        """The names of all effects."""
        return [effect for effect, _ in self._entries]

    def entries(self) -> list[tuple[str, tuple[object, ...]]]:
        """All effects with what was noted with them."""
        return list(self._entries)

    def details(self, effect: str) -> list[tuple[object, ...]]:
        """What was noted with each occurrence of one effect."""
        return [details for name, details in self._entries if name == effect]


def http_answer(
    status: int = 201, body: bytes = b'{"status":"OK"}', headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """An answer as an adapter would hand it over: decoded and within the limit."""
    kept, over = body[:BODY_BYTES_MAX], len(body) > BODY_BYTES_MAX
    return answer(status, headers, body=kept, cut=over, bytes_max=BODY_BYTES_MAX)


class FakeHttp:
    """An HTTP port without a network: replies as a function says, and notes every request."""

    def __init__(
        self, journal: Journal, reply: Callable[[HttpRequest], Reply] = lambda _: http_answer()
    ) -> None:
        self._journal = journal
        self._reply = reply
        self._closed = False

    async def send(self, request: HttpRequest) -> Reply:
        """Note the request, let others run once as a network would, and reply."""
        if self._closed:
            return NotSent(Unsent.CLOSED)
        self._journal.note("send", request)
        await asyncio.sleep(0)
        return self._reply(request)

    async def close(self) -> None:
        """Refuse everything from now on."""
        self._journal.note("close")
        self._closed = True
