"""What a world is like from its first day: how workers are set up, and what lies in Kafka."""

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final, Literal

from pipeline.config import AssembleSettings, KafkaSettings
from pipeline.record import Instant
from tests.unit.orders.story import START

OLD_S: Final = 60.0
"""How long before the first worker starts the oldest events were published, if any were."""
_SOURCES: Final = ("commerce", "payments")


@dataclass(frozen=True, slots=True)
class Setting:
    """Drawn once for a world; its workers all have it in common."""

    sources: tuple[str, ...]
    partitions: int
    protocol: Literal["classic", "consumer"]
    is_static: bool
    """Whether members keep their partitions over a restart."""
    start_at: Instant | None
    """Where a new group begins; None: with the first record."""
    old_events: int
    """How many were published on each side of that."""

    @property
    def kafka(self) -> KafkaSettings:
        """The settings of the clients."""
        return KafkaSettings(
            bootstrap_servers="simulated",
            group_protocol=self.protocol,
            static_membership=self.is_static,
        )

    @property
    def assemble(self) -> AssembleSettings:
        """The settings of the workers."""
        if self.start_at is None:
            return AssembleSettings()
        return AssembleSettings(
            start_at=datetime.fromtimestamp(self.start_at / 1000, UTC).isoformat()
        )


def draw(rng: Random) -> Setting:
    """Draw how things are in a world: the first that its seed decides."""
    begins_later = rng.random() < 0.3
    return Setting(
        sources=_SOURCES if rng.random() < 0.3 else _SOURCES[:1],
        partitions=rng.randint(1, 3),
        protocol=rng.choice(("classic", "consumer")),
        is_static=rng.random() < 0.3,
        start_at=Instant(START + round(OLD_S * 500)) if begins_later else None,
        old_events=rng.randint(0, 6) if begins_later else 0,
    )
