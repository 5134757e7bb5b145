"""The HTTP adapters under test, opened with short timeouts."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, TypeAlias, TypeVar

import uvloop

from pipeline.sitecore.http_httpx import HttpxHttp
from pipeline.sitecore.http_port import HttpPort, HttpSettings
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.http_tools import ToolsHttp

Library: TypeAlias = Literal["httptools", "httpx"]
LIBRARIES: Final[tuple[Library, ...]] = ("httptools", "httpx")

KEY: Final = "key-that-nobody-may-see"
PATH: Final = "/v1.2/events"
EVENT: Final = HttpRequest(
    "POST", PATH, b'{"type":"VIEW","client_key":"key-that-nobody-may-see"}',
    (("content-type", "application/json"),),
)  # fmt: skip
ASKING: Final = HttpRequest("GET", f"/v1.2/browser/create.json?client_key={KEY}&message=%7B%7D")

T = TypeVar("T")


def run(scenario: Coroutine[Any, Any, T]) -> T:
    """Run on the loop that the worker runs on, and never for long."""
    return uvloop.run(asyncio.wait_for(scenario, 60))


@asynccontextmanager
async def opened(
    library: Library, endpoint: str, *, total_timeout_s: float = 5.0, **settings: Any
) -> AsyncIterator[HttpPort]:
    """An adapter for one endpoint, closed when left."""
    settings.setdefault("connect_timeout_s", total_timeout_s / 2)
    of = HttpSettings(endpoint, total_timeout_s=total_timeout_s, **settings)
    http: HttpPort = ToolsHttp(of) if library == "httptools" else HttpxHttp(of)
    try:
        yield http
    finally:
        await http.close()


def event(name: str) -> HttpRequest:
    """A request that can be told from others at the server."""
    return HttpRequest("POST", PATH, name.encode(), EVENT.headers)
