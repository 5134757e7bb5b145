"""A destination on loopback: takes events, notes them, and answers as it is told."""

import asyncio
import threading
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web


class Taken(NamedTuple):
    """One event that was taken."""

    browser_id: str
    page: str
    possible_repeat: bool


Say = Callable[[Taken], int]
"""The status to answer with; 201 takes the event."""


class Destination:
    """Runs on a thread of its own."""

    def __init__(self, say: Say = lambda _: 201, answer_s: float = 0.0) -> None:
        self.say = say
        self.answer_s = answer_s
        self.taken: list[Taken] = []
        self.requests = 0
        self.port = 0
        self._started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Destination":
        self._thread.start()
        self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _run(self) -> None:
        runner = self._loop.run_until_complete(self._serve())
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _serve(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/v1.2/events", self._event)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    async def _event(self, request: web.Request) -> web.Response:
        self.requests += 1
        said = await request.json()
        marked = request.headers.get("X-Possible-Repeat") == "true"
        event = Taken(said["browser_id"], said["page"], marked)
        status = self.say(event)
        if status == 201:
            self.taken.append(event)
        await asyncio.sleep(self.answer_s)
        headers = {"Retry-After": "1"} if status == 429 else {}
        return web.json_response({"status": "OK"}, status=status, headers=headers)
