"""Everything that is simulated: brokers, the shop, workers, and a clock."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from confluent_kafka.admin import AdminClient

from pipeline.assemble.inputs import Role
from pipeline.assemble.kafka_log import KafkaLog
from pipeline.assemble.log import Topics
from pipeline.assemble.worker import AssembleWorker
from pipeline.commerce.events import CommerceEvent
from pipeline.config import KafkaSettings, TopicSettings
from pipeline.errors import FatalKafkaError, UnavailableError
from pipeline.kafka.clients import ClientConfig, Clients
from pipeline.kafka.identity import Watch, identities
from pipeline.record import Record
from tests.fake_log import FakeClock
from tests.simulation.admin import SimAdmin
from tests.simulation.backstage import Backstage
from tests.simulation.broker import Broker
from tests.simulation.consumer import SimConsumer
from tests.simulation.customers import POLICY, Customers
from tests.simulation.faults import Rates, mixture
from tests.simulation.instance import Crashed, Instance
from tests.simulation.producer import SimProducer
from tests.simulation.setting import OLD_S, Setting, draw
from tests.simulation.verifier import Verifier
from tests.unit.orders.story import START


def _check(_group: str, admin: AdminClient, _kafka: KafkaSettings, topics: Topics) -> Topics:
    """Take the topics as they fit, and say which they are."""
    return topics._replace(identities=identities(admin, topics.commerce))


def _everywhere(_setting: Setting, _rates: Rates) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Mechanisms:
    """The parts under test, each replaceable to see whether it is missed."""

    worker: type[AssembleWorker] = AssembleWorker
    log: type[KafkaLog] = KafkaLog
    consumer: type[SimConsumer] = SimConsumer
    broker: type[Broker] = Broker
    watch: type[Watch] = Watch
    check: Callable[[str, AdminClient, KafkaSettings, Topics], Topics] = _check
    matters: Callable[[Setting, Rates], bool] = _everywhere
    """In which worlds a replacement can be missed."""


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
    setting: Setting = field(init=False)
    _started: int = 0

    def __post_init__(self) -> None:
        """Begin with some workers on an empty Kafka."""
        self.rng = rng = Random(self.seed)
        self.setting = setting = draw(rng)
        self.rates = mixture(rng)
        self.clock = FakeClock(START)
        self.publishes_until_s = rng.choice((10.0, 20.0, 40.0, 1e9))
        topics = Topics(setting.sources, "states", "stream", "letters")
        self.broker = self.mechanisms.broker(
            self.clock, topics, setting.partitions, protocol=setting.protocol
        )
        self.customers = Customers(self.broker, rng, guests=rng.randint(1, 5))
        self.verifier = Verifier(self.broker, self.customers, since=setting.start_at)
        self._have_a_past()
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
            self.setting.assemble,
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
        check = self.mechanisms.check
        role = Role("assemble", co_partitioned=True, check=check, clients=Clients(*makers))
        log = self.mechanisms.log(
            self.setting.kafka, names, application="sim", instance=name, role=role
        )
        # It looks at the topics now and then, by a clock that cannot be told from outside.
        log._watch = self.mechanisms.watch(log._admin, elapsed_s=lambda: self.clock.elapsed_s)
        return log

    def _have_a_past(self) -> None:
        """Let events lie in Kafka before anybody works, on both sides of where to begin."""
        if self.setting.start_at is None:
            return
        for _ in range(2):
            for _ in range(self.setting.old_events):
                self.note("published", self.customers.publish())
            self.clock.moves(OLD_S / 2)

    def _turn(self, one: Instance) -> None:
        if one.has_started:
            one.worker.turn()
            return
        try:
            one.worker.start()
        except UnavailableError as error:
            raise FatalKafkaError("it cannot start, and is started again") from error
        one.has_started = True
