"""A client's consumer on the model: what it reads of the partitions that are its own."""

from typing import TYPE_CHECKING

from pipeline.assemble.log import Input
from pipeline.deliver.port import Reached, Read
from pipeline.record import Position, Record
from tests.simulation_deliver.shop import STREAM

if TYPE_CHECKING:
    from tests.simulation_deliver.world import World

_MOST_AT_ONCE = 12


class Reading:
    """Positions, and what is paused."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._positions: dict[int, int | None] = {}
        self._paused: set[int] = set()
        self._ended_at: dict[int, int] = {}

    def begin(self, number: int) -> None:
        """Read a partition from what is committed for it; nobody knows that before one asks."""
        self._positions[number] = None

    def end(self, number: int) -> None:
        """Read it no further."""
        self._paused.discard(number)
        self._positions.pop(number, None)
        self._ended_at.pop(number, None)

    def pause(self, number: int) -> None:
        """Read nothing of it for a while."""
        if number in self._positions:
            self._paused.add(number)

    def resume(self, number: int) -> None:
        """Read it again."""
        self._paused.discard(number)

    def has_more(self) -> bool:
        """Whether there is something to read now."""
        return not self._world.broker.is_down and any(
            number not in self._paused and self._ended_at.get(number) != self._log_end(number)
            for number in self._positions
        )

    def read(self) -> list[Read | Reached]:
        """Read a piece of each partition."""
        found: list[Read | Reached] = []
        if not self._world.broker.is_down:
            for number in self._positions:
                if number not in self._paused:
                    found.extend(self._read(number))
        return found

    def _read(self, number: int) -> list[Read | Reached]:
        log = self._world.broker.logs[Input(STREAM, number)]
        position = self._positions[number]
        if position is None:
            committed = self._world.broker.committed(Input(STREAM, number))
            position = max(log.start, 0 if committed is None else committed.offset)
        end = min(log.stable_end, position + self._world.rng.randint(1, _MOST_AT_ONCE))
        records = [
            Record(Position(STREAM, number, at), slot.at, write.key, write.value, write.headers)
            for at, slot, write in log.committed(position, end)
        ]
        self._positions[number] = max(position, end)
        found: list[Read | Reached] = [Read(number, records)] if records else []
        if end == log.stable_end and self._ended_at.get(number) != end:
            self._ended_at[number] = end
            found.append(Reached(number, end))
        return found

    def _log_end(self, number: int) -> int:
        return self._world.broker.logs[Input(STREAM, number)].stable_end
