"""Everything that is simulated: brokers, the destination, processes, and what is owed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from pipeline.assemble.log import Topics
from pipeline.deliver.deliverer import Deliverer
from pipeline.errors import FatalKafkaError
from tests.simulation.broker import Broker
from tests.simulation.verifier import Violation
from tests.simulation_deliver.destination import Destination
from tests.simulation_deliver.faults import Rates, mixture
from tests.simulation_deliver.kafka_port import LETTERS
from tests.simulation_deliver.process import Process
from tests.simulation_deliver.restoring import DELIVERIES
from tests.simulation_deliver.schedule import Schedule
from tests.simulation_deliver.setting import Setting, draw
from tests.simulation_deliver.shop import STREAM, Shop
from tests.simulation_deliver.verifier import Verifier


def _nothing(_: Deliverer) -> None:
    pass


def _everywhere(_setting: Setting, _rates: Rates) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Mechanisms:
    """What is taken away from each worker before it begins, to see whether it is missed."""

    remove: Callable[[Deliverer], None] = _nothing
    matters: Callable[[Setting, Rates], bool] = _everywhere
    """In which worlds it can be missed."""


@dataclass(slots=True)
class World:
    """One seed decides who does what, when, and what goes wrong."""

    seed: int
    mechanisms: Mechanisms = field(default_factory=Mechanisms)
    journal: list[tuple[object, ...]] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    is_calm: bool = False
    """Nothing goes wrong any more."""
    rng: Random = field(init=False)
    rates: Rates = field(init=False)
    setting: Setting = field(init=False)
    schedule: Schedule = field(init=False)
    broker: Broker = field(init=False)
    shop: Shop = field(init=False)
    destination: Destination = field(init=False)
    verifier: Verifier = field(init=False)
    _started: int = 0
    _until_crash: float = 0.0
    steps: int = 0

    def __post_init__(self) -> None:
        """Begin with some processes on an empty Kafka."""
        self.rng = rng = Random(self.seed)
        self.setting = setting = draw(rng)
        self.rates = mixture(rng)
        self.schedule = Schedule()
        topics = Topics((STREAM,), DELIVERIES, STREAM, LETTERS)
        self.broker = Broker(
            self.schedule.clock, topics, setting.partitions, protocol=setting.protocol
        )
        self.shop = Shop(self.broker, rng, guests=setting.guests)
        self.destination = Destination(self)
        self.verifier = Verifier(self)
        self._draw_crash()
        for number in range(rng.randint(1, 3)):
            self.add(f"w{number}")

    def add(self, place: str) -> None:
        """Start a process, unless one of that name is there."""
        if place in {one.place for one in self.processes}:
            return
        self._started += 1
        self.processes.append(Process(self, place, self._started))
        self.note("starts", self.processes[-1].name)

    def kill(self, one: Process) -> None:
        """End a process where it stands."""
        if not one.is_dead:
            self.note("KILLED", one.name)
            one.kill()

    def has_ended(self, one: Process, error: Exception | None) -> None:
        """A process has ended by itself; after an error it is started again."""
        self.note("ended", one.name, repr(error))
        one.kill()
        if error is not None:
            if not isinstance(error, FatalKafkaError):
                self.verifier.breaks(f"{one.name} ends with {error!r}")
            self.schedule.after(1.0, lambda: self.add(one.place))

    def end(self) -> None:
        """Let nobody do anything any more."""
        for one in self.processes:
            one.kill()
            one.loop.end()

    def step(self) -> None:
        """Let one thing happen; time passes only when nothing is left to do at an instant.

        Raises:
            Violation: A promise was broken.
        """
        now = self.schedule.now
        ready = [one for one in self.processes if one.next_at() <= now]
        is_due = self.schedule.next_at() <= now
        if ready and not (is_due and self.rng.random() < 0.5):
            self._turn(ready[0] if len(ready) == 1 else self.rng.choice(ready))
        elif is_due:
            self.schedule.run_one()
        else:
            nexts = [one.next_at() for one in self.processes]
            self.schedule.moves_to(min([self.schedule.next_at(), *nexts]))
        self._bury()
        if self.verifier.broken is not None:
            raise Violation(self.verifier.broken)

    def publish(self, count: int) -> None:
        """Let something be owed."""
        self.note("published", *self.shop.publish(count))
        self.schedule.after(self.rng.uniform(0.0, 0.05), self._settle)

    def strikes(self, fault: str) -> bool:
        """Whether a fault happens now."""
        rate: float = getattr(self.rates, fault)
        return not self.is_calm and rate > 0 and self.rng.random() < rate

    def note(self, *details: object) -> None:
        """Write down what happens."""
        self.journal.append((self.schedule.now, *details))

    def _settle(self) -> None:
        """Let the markers of transactions arrive, and tell readers."""
        self.broker.transactions.settle()
        for one in self.processes:
            one.kafka.wake()

    def _turn(self, one: Process) -> None:
        if not self.is_calm:
            self._until_crash -= 1
            if self._until_crash < 0:
                self._crash(one)
                return
        one.loop.turn()

    def _crash(self, one: Process) -> None:
        self._draw_crash()
        self.kill(one)
        self.schedule.after(self.rng.choice((0.1, 1.0, 8.0)), lambda: self.add(one.place))

    def _draw_crash(self) -> None:
        rate = self.rates.crash
        self._until_crash = self.rng.expovariate(rate) if rate else float("inf")

    def _bury(self) -> None:
        for one in self.processes:
            if one.is_dead:
                one.loop.end()
                self.processes.remove(one)
                return
