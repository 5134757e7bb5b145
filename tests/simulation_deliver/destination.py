"""The destination: it takes what it takes, and answers what it answers."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

from pipeline.sitecore.outcome import NoAnswer, Reply
from pipeline.sitecore.request import Request, SendEvent
from tests.fakes import http_answer
from tests.simulation_deliver.answers import DRAWS, OK, Fate
from tests.simulation_deliver.call import Call
from tests.simulation_deliver.setting import REQUEST_S

if TYPE_CHECKING:
    from tests.simulation_deliver.process import Process
    from tests.simulation_deliver.world import World


class Destination:
    """Draws what becomes of each request."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._kinds = [kind for kind in DRAWS if world.rng.random() < 0.5] or ["gateway"]
        self._spell = ""
        self._spell_until = 0.0
        self._issued = 0

    def falls_under(self, kind: str, seconds: float) -> None:
        """Answer everything alike for a while."""
        self._spell, self._spell_until = kind, self._world.schedule.now + seconds

    def recovers(self) -> None:
        """End that."""
        self._spell_until = 0.0

    def takes_in(self, process: "Process", request: Request) -> Call:
        """Let a request arrive; that it is taken may come later than any answer."""
        world = self._world
        due = world.shop.dues[request.delivery_id]
        fate = self._issuing() if not isinstance(request, SendEvent) else self._fate()
        call = Call(process, request, due, fate, world.schedule.now)
        world.note(process.name, "SENDS", call)
        world.verifier.left(call)
        if fate.is_taken:
            world.schedule.after(fate.taken_after_s, lambda: self._takes(call))
        return call

    def _takes(self, call: Call) -> None:
        world = self._world
        call.taken_at = world.schedule.now
        if call.is_event:
            world.note("TAKEN", call)
            world.verifier.taken(call)

    def _fate(self) -> Fate:
        world = self._world
        now, instant = world.schedule.now, world.broker.now
        if now < self._spell_until:
            return DRAWS[self._spell](world.rng, instant)
        fate = OK
        if world.strikes("answer"):
            fate = DRAWS[world.rng.choice(self._kinds)](world.rng, instant)
        if fate.reply is not None and world.strikes("slow"):
            heard_after_s = world.rng.uniform(0.1, REQUEST_S - 0.1)
            taken_after_s = heard_after_s * world.rng.random()
            fate = fate._replace(heard_after_s=heard_after_s, taken_after_s=taken_after_s)
        return fate

    def _issuing(self) -> Fate:
        """What becomes of asking for a browser id."""
        fate = self._fate()
        if not fate.confirms:
            return fate
        self._issued += 1
        issued = UUID(int=1_000_000 + self._issued)
        body = f'{{"status":"OK","ref":"{issued}","customer_ref":"c"}}'
        return fate._replace(reply=http_answer(201, body.encode()))


class SimApi:
    """The destination, as one process reaches it."""

    def __init__(self, world: "World", process: "Process") -> None:
        self._world = world
        self._process = process

    async def send(self, request: Request) -> Reply:
        """Send one request; its connection is closed when it takes too long."""
        loop, schedule = asyncio.get_running_loop(), self._world.schedule
        call = self._world.destination.takes_in(self._process, request)
        heard: asyncio.Future[Reply] = loop.create_future()
        timer = loop.call_later(REQUEST_S, _hear, heard, NoAnswer("answer_timeout"))
        if (reply := call.fate.reply) is not None:
            thread = self._process.loop_thread
            schedule.after(call.fate.heard_after_s, lambda: _hear(heard, reply), thread)
        try:
            answer = await heard
        finally:
            timer.cancel()
            call.ended_at = schedule.now
        self._world.verifier.heard(call, answer)
        return answer

    async def close(self) -> None:
        """Nothing is open."""


def _hear(heard: "asyncio.Future[Reply]", reply: Reply) -> None:
    if not heard.done():
        heard.set_result(reply)
