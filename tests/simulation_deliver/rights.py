"""Who may send, and when: ownership, the lease, holds, pauses and what is under way."""

import math
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline.sitecore.outcome import Reply
from tests.simulation_deliver.call import Call
from tests.simulation_deliver.setting import LEASE_S, RETRY_AFTER_MAX_S

if TYPE_CHECKING:
    from tests.simulation_deliver.process import Process
    from tests.simulation_deliver.world import World

_ROUNDING_S = 1e-6


class Rights:
    """Counts how often each partition was given to somebody: who was given it last, has it."""

    def __init__(self, breaks: Callable[[str], None], world: "World") -> None:
        self._breaks = breaks
        self._world = world
        self._given = 0
        self._epochs: dict[tuple[str, int], int] = {}
        self._sent_in: dict[int, int] = defaultdict(int)
        """The latest epoch in which anything of a partition left."""
        self._read_in: dict[int, int] = defaultdict(int)
        """The latest epoch in which its ledger was read."""
        self._committed_at: dict[str, float] = {}
        self._paused_until: dict[str, float] = {}
        self._under_way: dict[str, list[Call]] = defaultdict(list)
        self._is_held: dict[str, list[Call]] = {}
        """What left since then."""

    def assigned(self, process: "Process", partition: int) -> None:
        """A process was given a partition."""
        self._given += 1
        self._epochs[process.name, partition] = self._given

    def epoch(self, process: "Process", partition: int) -> int:
        """Which of all times that anybody was given a partition is this process's last one."""
        return self._epochs[process.name, partition]

    def restored(self, process: "Process", partition: int) -> None:
        """A process has read a ledger: from now on nobody before it may write there."""
        self._read_in[partition] = self._epochs[process.name, partition]

    def holds(self, process: "Process") -> None:
        """A process learns that everything is held: what leaves from now on, leaves alone."""
        self._is_held.setdefault(process.name, [])

    def committed(self, process: "Process") -> None:
        """The coordinator has taken a commit of a process."""
        self._committed_at[process.name] = self._world.schedule.now

    def written(self, process: "Process", partition: int) -> None:
        """A ledger was written."""
        if self._epochs[process.name, partition] < self._read_in[partition]:
            self._breaks(f"{process.name} writes to ledger {partition} after a later owner read it")

    def left(self, call: Call) -> None:
        """A request leaves."""
        now, name = self._world.schedule.now, call.process.name
        call.epoch = self._epochs[name, call.due.partition]
        if call.epoch < self._sent_in[call.due.partition]:
            self._breaks(f"{call} leaves {name} after a later owner has sent")
        self._sent_in[call.due.partition] = call.epoch
        if now - self._committed_at.get(name, -math.inf) > LEASE_S + _ROUNDING_S:
            self._breaks(f"{call} leaves {name} after its lease has run out")
        if now < self._paused_until.get(name, -math.inf) - _ROUNDING_S:
            self._breaks(f"{call} leaves {name} before the destination wants to hear of it")
        self._check_room(call)

    def heard(self, call: Call, reply: Reply) -> None:
        """A process learns what became of a request."""
        name, fate = call.process.name, call.fate
        if fate.confirms:
            self._is_held.pop(name, None)
        if fate.kind == "throttled" and reply is fate.reply and fate.pause_s <= RETRY_AFTER_MAX_S:
            until = max(self._paused_until.get(name, 0.0), call.left_at + fate.pause_s)
            self._paused_until[name] = until

    def _check_room(self, call: Call) -> None:
        name = call.process.name
        others = [other for other in self._under_way[name] if other.ended_at is None]
        self._under_way[name] = [*others, call]
        if len(others) >= self._world.setting.in_flight_max:
            self._breaks(f"{call} leaves {name}, which has {len(others)} under way")
        if (probes := self._is_held.get(name)) is not None:
            if any(probe.ended_at is None for probe in probes):
                self._breaks(f"{call} leaves {name} although everything is held")
            probes.append(call)
