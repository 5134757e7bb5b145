"""The sandbox on a port."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from aiohttp import web

from pipeline.sandbox import views
from pipeline.sandbox.faults import changed
from pipeline.sandbox.sandbox import Ending, Handled, Sandbox
from pipeline.sandbox.wire import Call, Endpoint, refused

ENDPOINTS = (
    "POST /v1.2/events",
    "GET /v1.2/event/create.json",
    "GET /v1.2/browser/create.json",
    "GET /v1.2/browser/{browser_id}/show.json",
    "GET /sandbox/guests/{browser_id}",
    "GET /sandbox/orders",
    "GET /sandbox/unseen",
    "GET /sandbox/requests?after=0&limit=1000&texts=1",
    "GET /sandbox/summary",
    "POST /sandbox/faults",
    "POST /sandbox/clock",
)
"""Everything that the server answers."""

LINE_BYTES_MAX = 1024 * 1024
"""Longest request line; the GET form carries whole orders there."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_JSON = "application/json"
_encoder = msgspec.json.Encoder(decimal_format="number")


async def serve(sandbox: Sandbox, *, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Listen, and go on in the background.

    Args:
        port: 0 takes any free one.

    Returns:
        What to call `cleanup` on when it is enough, and the port that is listened on.

    Raises:
        OSError: The address is taken or not ours.
    """
    runner = web.AppRunner(
        application(sandbox),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=1.0,
        max_line_size=LINE_BYTES_MAX,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner, int(runner.addresses[0][1])


def application(sandbox: Sandbox) -> web.Application:
    """Route every address of `ENDPOINTS`."""
    app = web.Application(client_max_size=sandbox.settings.body_bytes_max)
    answers = _Answers(sandbox)
    app.router.add_post("/v1.2/events", answers.stream_api("event/post"))
    app.router.add_get("/v1.2/event/create.json", answers.stream_api("event/get"), allow_head=False)
    app.router.add_get(
        "/v1.2/browser/create.json", answers.stream_api("browser/create"), allow_head=False
    )
    app.router.add_get(
        "/v1.2/browser/{browser_id}/show.json", answers.stream_api("browser/show"), allow_head=False
    )
    app.router.add_get("/sandbox/guests/{browser_id}", answers.guest)
    app.router.add_get("/sandbox/requests", answers.requests)
    for name, view in (
        ("orders", views.orders),
        ("unseen", views.unseen),
        ("summary", views.summary),
    ):
        app.router.add_get(f"/sandbox/{name}", answers.view(view))
    app.router.add_post("/sandbox/faults", answers.faults)
    app.router.add_post("/sandbox/clock", answers.clock)
    app.router.add_route("*", "/{elsewhere:.*}", _nothing_here)
    return app


class _Answers:
    """Handlers of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def stream_api(self, endpoint: Endpoint) -> Handler:
        """Handle an endpoint of the Stream API: take on arrival, answer when the delay is over."""

        async def handle(request: web.Request) -> web.StreamResponse:
            handled = self._sandbox.handle(await _call(request, endpoint))
            if handled.delay_s:
                await asyncio.sleep(handled.delay_s)
            return await self._end(request, handled)

        return handle

    async def _end(self, request: web.Request, handled: Handled) -> web.StreamResponse:
        reply = handled.reply
        if handled.ending is Ending.HANG:
            await asyncio.sleep(self._sandbox.faults.hang_s)
        if handled.ending is not Ending.ANSWER and request.transport is not None:
            request.transport.abort()
        headers = {} if reply.retry_after_s is None else {"Retry-After": str(reply.retry_after_s)}
        return web.Response(
            body=reply.body, status=reply.status, headers=headers, content_type=_JSON
        )

    def view(self, show: Callable[[Sandbox], views.View]) -> Handler:
        """Handle an address that takes no arguments."""

        async def handle(_: web.Request) -> web.StreamResponse:
            return _json(show(self._sandbox))

        return handle

    async def guest(self, request: web.Request) -> web.StreamResponse:
        """Show one guest."""
        found = views.guest(self._sandbox, request.match_info["browser_id"])
        return _json(found) if found is not None else _error(404, "no such browser id")

    async def requests(self, request: web.Request) -> web.StreamResponse:
        """Show the log."""
        try:
            after = int(request.query.get("after", "0"))
            limit = int(request.query.get("limit", self._sandbox.settings.requests_kept))
        except ValueError:
            return _error(400, "after and limit are whole numbers")
        texts = request.query.get("texts", "") not in {"", "0", "false"}
        return _json(views.requests(self._sandbox, after=after, limit=max(0, limit), texts=texts))

    async def faults(self, request: web.Request) -> web.StreamResponse:
        """Change faults; those that are not named stay as they are."""
        try:
            said = msgspec.json.decode(await request.read())
            self._sandbox.set_faults(changed(self._sandbox.faults, said))
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            return _error(400, str(error))
        return _json(views.summary(self._sandbox))

    async def clock(self, request: web.Request) -> web.StreamResponse:
        """Let time pass."""
        try:
            said = msgspec.json.decode(await request.read(), type=_Advance)
            self._sandbox.advance(said.advance_s)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            return _error(400, str(error))
        return _json(views.summary(self._sandbox))


class _Advance(msgspec.Struct, forbid_unknown_fields=True):
    advance_s: Annotated[float, msgspec.Meta(ge=0, le=1e9)]


async def _call(request: web.Request, endpoint: Endpoint) -> Call:
    delivery_id = request.headers.get("X-Delivery-Id")
    return Call(
        endpoint,
        query=request.rel_url.raw_query_string,
        body=await request.read(),
        content_type=request.headers.get("Content-Type", ""),
        browser_id=_clean(request.match_info.get("browser_id", "")),
        delivery_id=None if delivery_id is None else _clean(delivery_id),
        possible_repeat=request.headers.get("X-Possible-Repeat", "").lower() == "true",
    )


def _clean(text: str) -> str:
    """Make text from a header or a path printable: it may hold half a character, or very many."""
    return text[:200].encode(errors="replace").decode()


def _json(shown: object) -> web.Response:
    return web.Response(body=_encoder.encode(shown), content_type=_JSON)


def _error(status: int, message: str) -> web.Response:
    return web.Response(
        body=refused(status, _clean(message)).body, status=status, content_type=_JSON
    )


async def _nothing_here(_: web.Request) -> web.StreamResponse:
    """Answer 404, and say what is there instead."""
    body = _encoder.encode({"status": 404, "message": "nothing here", "endpoints": ENDPOINTS})
    return web.Response(body=body, status=404, content_type=_JSON)
