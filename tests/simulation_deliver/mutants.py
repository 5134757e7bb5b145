"""Workers in which one mechanism is missing: the simulation must miss it too."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.deliver import ledger_state
from pipeline.deliver.breaker import Breaker, Hold, Verdict
from pipeline.deliver.deliverer import Deliverer
from pipeline.deliver.gate import Gate
from pipeline.deliver.holds import Holds
from pipeline.deliver.lanes import Lane, Lanes
from pipeline.deliver.lease import Lease
from pipeline.deliver.ledger import Ledger
from pipeline.deliver.offsets import Progress
from pipeline.deliver.ownership import Ownership
from pipeline.deliver.pacing import Pacing
from pipeline.deliver.partition import Partition, Restored, Suspicion
from pipeline.deliver.port import Restored as LedgerRestored
from pipeline.deliver.worker import Worker
from pipeline.deliver.writes import Writes
from pipeline.kafka.dead_letters import DeadLetter
from pipeline.record import GuestId, Instant
from pipeline.sitecore.delivery import Delivery
from pipeline.sitecore.outcome import Outcome, Refused
from tests.simulation_deliver.faults import Rates
from tests.simulation_deliver.setting import Setting
from tests.simulation_deliver.world import Mechanisms


class _GoesOn(Worker):
    """Does not wait until an answer is kept."""

    async def _keep(self, lane: Lane, delivery: Delivery) -> None:
        value = ledger_state.encode(delivery)
        keeping = self._by.writes.keep(lane.partition, lane.guest.encode(), value)
        self._keeping = asyncio.get_running_loop().create_task(keeping)
        self._ours(lane)[1].ledger.put(lane.guest, value)
        lane.delivery = delivery


class _Crowded(Lanes):
    """Lets a lane take its next step while one is under way."""

    def take(self) -> Lane | None:
        lane = super().take()
        if lane is not None and len(lane.items) > 1:
            self._queue(lane)
        return lane


class _Overtaking(Lanes):
    """Lets the next record of a guest go while the first one waits."""

    def sleep(self, lane: Lane, until: Instant) -> None:
        lane.items.rotate(-1)
        super().sleep(lane, until)


class _Abrupt(Ownership):
    """Gives partitions back at once, whatever is under way."""

    def _wind_up(self, partition: Partition) -> None:
        partition.tasks = set()
        super()._wind_up(partition)


class _Early(Ownership):
    """Begins before a commit has shown that the partition is ours."""

    def restored(self, event: LedgerRestored) -> Partition | None:
        partition = super().restored(event)
        if partition is not None:
            self._gate.lease.renewed(self._clock.elapsed_s())
            self._admit(partition)
        return partition


class _Endless(Lease):
    """Believes for ever."""

    __slots__ = ()

    def holds(self, now: float) -> bool:
        return True


class _Hasty(Progress):
    """Takes everything below what was finished last for finished."""

    __slots__ = ()

    def finish(self, offset: int) -> None:
        self._pending.pop(offset, None)
        self.done = max(self.done, offset + 1)


class _Forgetful(Ledger):
    """Does not know which records of a guest are finished."""

    def finished(self, guest: GuestId) -> int:
        return 0


class _Trusting(Suspicion):
    """Suspects nobody."""

    __slots__ = ()

    def falls_on(self, guest: GuestId, offset: int) -> bool:
        return False


class _Careless(Writes):
    """Writes a dead letter once, and goes on whatever comes of it."""

    async def letter(self, partition: int, letter: DeadLetter) -> None:
        await self._written(partition, letter)


class _Late(Writes):
    """Writes to the ledger however long ago the partition was surely ours."""

    async def keep(self, partition: int, key: bytes, value: bytes | None) -> None:
        self._lease = _Endless(0.0)
        await super().keep(partition, key, value)


class _Strict(Breaker):
    """Takes a refusal for final while everything is held."""

    def judged(self, guest: GuestId, outcome: Outcome, *, probe: bool, now: float) -> Verdict:
        verdict = super().judged(guest, outcome, probe=probe, now=now)
        return Verdict.COUNTS if isinstance(outcome, Refused) else verdict


class _Impatient(Breaker):
    """Counts failures while nobody answers."""

    def judged(self, guest: GuestId, outcome: Outcome, *, probe: bool, now: float) -> Verdict:
        verdict = super().judged(guest, outcome, probe=probe, now=now)
        return Verdict.COUNTS if verdict is Verdict.EXCUSED else verdict


class _Refused(Lane):
    __slots__ = ()

    @property
    def was_refused(self) -> bool:
        return False


class _Final(Lanes):
    """Sets aside what was refused although everything is held."""

    def open(self, partition: int, guest: GuestId, delivery: Delivery) -> Lane:
        lane = super().open(partition, guest, delivery)
        _become(lane, _Refused)
        return lane


def _strict(deliverer: Deliverer) -> None:
    _become(deliverer._gate.breaker, _Strict)
    _become(deliverer._worker._by.lanes, _Final)


def _is_lonely(setting: Setting, rates: Rates) -> bool:
    return setting.guests <= 4 and rates.spell > 0


class _Cheerful(Holds):
    """Takes no hold over from who had the partition before."""

    def found(self, hold: Hold | None, now: float) -> None:
        pass


class _Deaf(Pacing):
    """Pauses for nobody."""

    def throttled(self, now: float, after_s: float) -> None:
        pass


class _Roomy(Gate):
    """Counts no requests under way."""

    def wait_s(self, now: float) -> float:
        self.in_flight = 0
        return super().wait_s(now)


def _restoring(change: Callable[[Restored], None]) -> Callable[[Deliverer], None]:
    class Owns(Ownership):
        def restored(self, event: LedgerRestored) -> Partition | None:
            partition = super().restored(event)
            if partition is not None and partition.restored is not None:
                change(partition.restored)
            return partition

    return _owning(Owns)


def _owning(kind: type[Ownership]) -> Callable[[Deliverer], None]:
    return lambda deliverer: _become(deliverer._owns, kind)


def _become(part: Any, kind: type) -> None:
    part.__class__ = kind


def _freezes(setting: Setting, rates: Rates) -> bool:
    return rates.freeze > 0 and setting.partitions > 1


def _rebalances(setting: Setting, rates: Rates) -> bool:
    return rates.rebalance > 0 or rates.stop > 0


def _ends(_: Setting, rates: Rates) -> bool:
    return rates.crash > 0 or rates.kill > 0


def _fails(_: Setting, rates: Rates) -> bool:
    return rates.answer > 0


def _holds(setting: Setting, rates: Rates) -> bool:
    return _ends(setting, rates) and rates.spell > 0


def _falls_ill(setting: Setting, rates: Rates) -> bool:
    return rates.spell > 0 and rates.answer > 0


def _loses_writes(setting: Setting, rates: Rates) -> bool:
    return rates.unwritten > 0 and rates.answer > 0


def _is_busy(setting: Setting, _: Rates) -> bool:
    return setting.in_flight_max < setting.guests


MUTANTS: Mapping[str, Mechanisms] = {
    "answers are kept before lanes go on": Mechanisms(
        lambda deliverer: _become(deliverer._worker, _GoesOn)
    ),
    "one step of a lane at a time": Mechanisms(
        lambda deliverer: _become(deliverer._worker._by.lanes, _Crowded)
    ),
    "what waits blocks its lane": Mechanisms(
        lambda deliverer: _become(deliverer._worker._by.lanes, _Overtaking), _fails
    ),
    "draining what is revoked": Mechanisms(_owning(_Abrupt), _rebalances),
    "the lease": Mechanisms(lambda deliverer: _become(deliverer._gate.lease, _Endless), _freezes),
    "a commit comes before the first request": Mechanisms(_owning(_Early)),
    "commits end before the first hole": Mechanisms(
        _restoring(lambda restored: _become(restored.progress, _Hasty))
    ),
    "dead letters pin the offset": Mechanisms(
        lambda deliverer: _become(deliverer._worker._by.writes, _Careless), _loses_writes
    ),
    "finished records are skipped": Mechanisms(
        _restoring(lambda restored: _become(restored.ledger, _Forgetful)), _ends
    ),
    "marks after a crash": Mechanisms(
        _restoring(lambda restored: _become(restored.suspicion, _Trusting)), _ends
    ),
    "late answers are not kept": Mechanisms(
        lambda deliverer: _become(deliverer._worker._by.writes, _Late), _freezes
    ),
    "holds outlive a process": Mechanisms(
        lambda deliverer: _become(deliverer._holds, _Cheerful), _holds
    ),
    "nothing is set aside in a hold": Mechanisms(_strict, _falls_ill),
    "an outage counts for nothing": Mechanisms(
        lambda deliverer: _become(deliverer._gate.breaker, _Impatient), _is_lonely
    ),
    "pauses": Mechanisms(lambda deliverer: _become(deliverer._gate.pacing, _Deaf), _fails),
    "the limit of what is under way": Mechanisms(
        lambda deliverer: _become(deliverer._gate, _Roomy), _is_busy
    ),
}
"""By what is missing."""
