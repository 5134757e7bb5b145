"""Everything that is simulated: brokers, the shop, workers, and a clock."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from pipeline.assemble.inputs import Role
from pipeline.assemble.kafka_log import KafkaLog
from pipeline.assemble.log import Topics
from pipeline.assemble.partition import Partition
from pipeline.assemble.worker import AssembleWorker
from pipeline.commerce.events import CommerceEvent
from pipeline.config import AssembleSettings, KafkaSettings, TopicSettings
from pipeline.errors import FatalKafkaError, UnavailableError
from pipeline.kafka.clients import ClientConfig, Clients
from pipeline.record import Record
from tests.fake_log import FakeClock
from tests.simulation.broker import Broker
from tests.simulation.consumer import SimConsumer
from tests.simulation.customers import POLICY, Customers
from tests.simulation.faults import Rates, mixture
from tests.simulation.producer import SimAdmin, SimProducer
from tests.simulation.verifier import Verifier
from tests.unit.orders.story import START

DEPTH_MAX: Final = 2
"""How many workers may be held in the middle of a call at once."""


_KAFKA: Final = KafkaSettings(bootstrap_servers="simulated")


class Crashed(BaseException):
    """The process is gone, in the middle of whatever it did."""


@dataclass(frozen=True, slots=True)
class Mechanisms:
    """The parts under test, each replaceable to see whether it is missed."""

    worker: type[AssembleWorker] = AssembleWorker
    log: type[KafkaLog] = KafkaLog
    consumer: type[SimConsumer] = SimConsumer
    broker: type[Broker] = Broker


@dataclass(slots=True, eq=False)
class Instance:
    """One process: a worker and its clients."""

    name: str
    worker: AssembleWorker
    consumers: list[SimConsumer]
    has_started: bool = False
    is_held: bool = False
    """In the middle of a call."""
    is_frozen: bool = False
    is_gone: bool = False

    def beat(self) -> None:
        """Let its clients be heard, unless the whole process is frozen."""
        if not self.is_frozen:
            for consumer in self.consumers:
                consumer.beat()

    @property
    def partitions(self) -> dict[int, Partition]:
        """What it works at."""
        return self.worker._members.active


@dataclass(slots=True)
class World:
    """One seed decides who does what, when, and what goes wrong."""

    seed: int
    go_on: Callable[["World"], None]
    """Lets one thing happen: called while a worker waits for Kafka."""
    mechanisms: Mechanisms = field(default_factory=Mechanisms)
    journal: list[tuple[object, ...]] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    depth: int = 0
    is_calm: bool = False
    """Nothing goes wrong any more."""
    publishes_until_s: float = field(init=False)
    """The shop closes early in some worlds, so that nothing new covers up what went wrong."""
    registry_back_s: float = 0.0
    broker_back_s: float = 0.0
    rng: Random = field(init=False)
    rates: Rates = field(init=False)
    clock: FakeClock = field(init=False)
    broker: Broker = field(init=False)
    customers: Customers = field(init=False)
    verifier: Verifier = field(init=False)
    _started: int = 0

    def __post_init__(self) -> None:
        """Begin with some workers on an empty Kafka."""
        self.rng = rng = Random(self.seed)
        self.rates = mixture(rng)
        self.clock = FakeClock(START)
        self.publishes_until_s = rng.choice((10.0, 20.0, 40.0, 1e9))
        sources = ("commerce",) if rng.random() < 0.7 else ("commerce", "payments")
        topics = Topics(sources, "states", "stream", "letters")
        self.broker = self.mechanisms.broker(self.clock, topics, rng.randint(1, 3))
        self.customers = Customers(self.broker, rng, guests=rng.randint(1, 5))
        self.verifier = Verifier(self.broker, self.customers)
        for number in range(rng.randint(1, 3)):
            self.add(f"w{number}")

    def add(self, name: str) -> None:
        """Start a process."""
        self._started += 1
        self.note("starts", name, self._started)
        backstage = Backstage(self, f"{name}#{self._started}")
        consumers: list[SimConsumer] = []

        def decode(record: Record) -> CommerceEvent:
            return self.customers.decode(record, backstage.taken)

        worker = self.mechanisms.worker(
            self._log(name, backstage, consumers),
            AssembleSettings(),
            decode=decode,
            policy=POLICY,
            clock=self.clock.clock,
        )
        backstage.instance = instance = Instance(name, worker, consumers)
        self.instances.append(instance)

    def kill(self, one: Instance) -> None:
        """End a process where it stands; nobody is told."""
        self.note("killed", one.name)
        one.is_gone = True
        self.instances.remove(one)

    def stop(self, one: Instance) -> None:
        """Let a process leave in order."""
        self.note("stops", one.name)
        one.is_held = True
        with suppress(Crashed):
            one.worker.leave()
        if not one.is_gone:
            self.kill(one)

    def turn(self, one: Instance) -> None:
        """Let one worker do its next turn; a process that ends is started again."""
        one.is_held = True
        try:
            self._turn(one)
        except Crashed:
            if not one.is_gone:
                self.kill(one)
                self.add(one.name)
        except FatalKafkaError as error:
            self.note("ends", one.name, error)
            self.stop(one)
            self.add(one.name)
        finally:
            one.is_held = False

    def note(self, *details: object) -> None:
        """Write down what happens."""
        self.journal.append((self.clock.elapsed_s, self.depth, *details))

    def _log(self, name: str, stage: "Backstage", consumers: list[SimConsumer]) -> KafkaLog:
        """Make the real port, with clients of the model."""

        def consumer(config: ClientConfig) -> SimConsumer:
            consumers.append(self.mechanisms.consumer(self.broker, stage, config))
            return consumers[-1]

        def producer(config: ClientConfig) -> SimProducer:
            return SimProducer(self.broker, stage, config)

        makers: Any = (consumer, producer, lambda _: SimAdmin(self.broker, stage))
        topics = self.broker.topics
        names = TopicSettings(
            commerce=topics.commerce,
            guest_states=topics.guest_states,
            stream_events=topics.stream_events,
            dead_letters=topics.dead_letters,
        )
        role = Role("assemble", co_partitioned=True, check=_no_check, clients=Clients(*makers))
        return self.mechanisms.log(_KAFKA, names, application="sim", instance=name, role=role)

    def _turn(self, one: Instance) -> None:
        if one.has_started:
            one.worker.turn()
            return
        try:
            one.worker.start()
        except UnavailableError as error:
            raise FatalKafkaError("it cannot start, and is started again") from error
        one.has_started = True


def _no_check(_admin: object, _kafka: object, topics: Topics) -> Topics:
    """Take the topics as they are: those of the model fit."""
    return topics


class Backstage:
    """What happens while one worker waits for Kafka."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self.taken: list[Record] = []
        self.instance: Instance | None = None

    def at(self, call: str, *details: object) -> None:
        """Note a call; the process may crash or be frozen in it, and others go on."""
        world, one = self._world, self.instance
        assert one is not None
        world.note(self._name, call, *details)
        if world.is_calm:
            return
        if self.strikes("crash"):
            raise Crashed
        if self.strikes("slow"):
            self._dawdle(one)
        if world.depth < DEPTH_MAX:
            self._pause(one)
        if one.is_gone:
            raise Crashed

    def strikes(self, fault: str) -> bool:
        """Whether a fault happens now."""
        world = self._world
        rate: float = getattr(world.rates, fault)
        if world.is_calm or not rate or world.rng.random() >= rate:
            return False
        world.note(self._name, "FAULT", fault)
        return True

    def between(self, least: int, most: int) -> int:
        """Draw a number."""
        return self._world.rng.randint(least, most)

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self._world.clock.moves(seconds)

    def _pause(self, one: Instance) -> None:
        if self.strikes("interleave"):
            self._others(self._world.rng.randint(1, 6))
        if self.strikes("freeze"):
            self._freeze(one)

    def _dawdle(self, one: Instance) -> None:
        """Take seconds for one call, and be heard meanwhile."""
        for _ in range(self._world.rng.randint(1, 4)):
            self._world.clock.moves(3.0)
            one.beat()
            self._world.broker.tick()

    def _freeze(self, one: Instance) -> None:
        """Stop the whole process, so that nobody hears of it either."""
        one.is_frozen = True
        for _ in range(self._world.rng.randint(1, 4)):
            self._world.clock.moves(self._world.rng.choice((1.0, 4.0, 7.0, 11.0)))
            self._others(self._world.rng.randint(2, 10))
            self._take_over(self._world.rng.choice((0, 3, 12)))
        one.is_frozen = False
        if self._world.rng.random() < 0.5:
            # Its threads wake up in any order.
            one.beat()

    def _take_over(self, rounds: int) -> None:
        """Let all others work on busily, as if for long."""
        world = self._world
        world.depth += 1
        try:
            for _ in range(rounds):
                world.broker.tick()
                for one in [each for each in world.instances if not each.is_held]:
                    one.beat()
                    world.turn(one)
                world.clock.moves(0.1)
        finally:
            world.depth -= 1

    def _others(self, steps: int) -> None:
        world = self._world
        world.depth += 1
        try:
            for _ in range(steps):
                world.go_on(world)
        finally:
            world.depth -= 1
