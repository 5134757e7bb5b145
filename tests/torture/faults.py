"""What befalls workers, brokers and the registry, in an order that a seed decides."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaException

from pipeline.config import load
from tests.components.kafka import Kafka
from tests.e2e.stack import Stack
from tests.torture.registry import CrashingRegistry

WORKERS: Final = ("assemble:1", "assemble:2", "deliver:1", "deliver:2")
SESSION_S: Final = 10.0
RESTARTABLE: Final = frozenset({69, 75})
"""Exit codes that ask to be started again: Kafka was away, or another member took over."""
_STOP_S: Final = 60.0


class Suffering:
    """Strikes; what is frozen thaws while other things go wrong."""

    def __init__(
        self, kafka: Kafka, stack: Stack, registry: CrashingRegistry, rng: random.Random
    ) -> None:
        self._kafka = kafka
        self._stack = stack
        self._registry = registry
        self._random = rng
        self._application = load(stack.config).application
        self._thaw_at: dict[str, float] = {}
        """Workers that are frozen: at most one of a kind, so that the other works on."""
        self.suffered: Counter[str] = Counter()
        self._faults: dict[str, tuple[Callable[[], str], int]] = {
            "kill": (self._kill, 4),
            "restart": (self._restart, 2),
            "freeze": (self._freeze, 3),
            "crash_broker": (self._crash_broker, 2),
            "move_coordinator": (self._move_coordinator, 2),
            "slow_broker": (self._slow_broker, 2),
            "registry": (self._crash_registry, 1),
        }

    def strike(self) -> None:
        """Let one to three things go wrong."""
        names = list(self._faults)
        weights = [weight for _, weight in self._faults.values()]
        for _ in range(self._random.randint(1, 3)):
            self.wait(self._random.uniform(0.1, 1.0))
            (name,) = self._random.choices(names, weights)
            strike, _ = self._faults[name]
            whom = strike()
            self.suffered[f"{name}:{whom}" if whom else name] += 1
        self.supervise()

    def wait(self, seconds: float) -> None:
        """Let time pass, and thaw what is due."""
        time.sleep(seconds)
        self._thaw()

    def end(self) -> None:
        """Wait until nothing is wrong any more."""
        while self._thaw_at:
            self.wait(0.2)
        self._registry.wait()
        self.supervise()

    def supervise(self) -> None:
        """Start again what asked for it by its exit code, and brokers in any case."""
        for worker in self._stack.ended():
            code = self._stack.wait(worker, 1)
            assert code in RESTARTABLE, self._said(worker, code)
            self.suffered["restarted"] += 1
            self._begin(worker)
        self._kafka.start()

    def stop(self, worker: str) -> None:
        """Let a worker leave in order."""
        self._stack.signal(worker, signal.SIGTERM)
        code = self._stack.wait(worker, _STOP_S)
        # One that had just been started may not have come to handle signals yet.
        assert code in {0, -signal.SIGTERM} | RESTARTABLE, self._said(worker, code)

    def _kill(self) -> str:
        worker = self._random.choice(WORKERS)
        self._stack.kill(worker)
        self._begin(worker)
        return ""

    def _restart(self) -> str:
        worker = self._random.choice([one for one in WORKERS if one not in self._thaw_at])
        self.stop(worker)
        self._begin(worker)
        return ""

    def _freeze(self) -> str:
        """Stop a worker for longer than its session lives; it goes on as a zombie."""
        frozen = {_kind(worker) for worker in self._thaw_at}
        worker = self._random.choice(WORKERS)
        lasts_s = SESSION_S + self._random.uniform(1, 4)
        if _kind(worker) in frozen:
            return "already"
        self._stack.signal(worker, signal.SIGSTOP)
        self._thaw_at[worker] = time.monotonic() + lasts_s
        return _kind(worker)

    def _crash_broker(self) -> str:
        self._crash(self._random.randint(1, self._kafka.brokers))
        return ""

    def _move_coordinator(self) -> str:
        """Crash the broker that leads a worker's group."""
        kind = self._random.choice(("assemble", "deliver"))
        node = self._random.randint(1, self._kafka.brokers)
        self._crash(self._coordinator(f"{self._application}-{kind}") or node)
        return kind

    def _slow_broker(self) -> str:
        node = self._random.randint(1, self._kafka.brokers)
        self._kafka.freeze(node)
        self.wait(self._random.uniform(2, 5))
        self._kafka.thaw(node)
        return ""

    def _crash_registry(self) -> str:
        self._registry.crash(self._random.uniform(0, 4))
        return ""

    def _crash(self, node: int) -> None:
        self._kafka.kill(node)
        self.wait(self._random.uniform(0, 2))
        self._kafka.start(node)

    def _coordinator(self, group: str) -> int | None:
        asked = self._kafka.admin.describe_consumer_groups([group], request_timeout=5)
        try:
            return int(asked[group].result(6).coordinator.id)
        except (KafkaException, TimeoutError):
            return None

    def _begin(self, worker: str) -> None:
        self._thaw_at.pop(worker, None)
        self._stack.start(worker)

    def _thaw(self) -> None:
        now = time.monotonic()
        for worker, due_at in list(self._thaw_at.items()):
            if due_at <= now:
                self._stack.signal(worker, signal.SIGCONT)
                del self._thaw_at[worker]

    def _said(self, worker: str, code: int) -> str:
        return f"{worker} ended with {code}:\n{self._stack.tail(worker)}"


def _kind(worker: str) -> str:
    return worker.partition(":")[0]
