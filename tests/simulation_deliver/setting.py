"""What a world is like from its first day: how its workers are set up, and who owes what."""

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from pipeline.settings import DeliverSettings
from pipeline.sitecore.point_of_sale import PointOfSale, Protocol
from pipeline.sitecore.policy import DeliveryPolicy
from tests.simulation.group import SESSION_S

SESSION_TIMEOUT_S: Final = 60.0
"""Inactivity after which the destination closes a session."""
LEDGER_S: Final = 1.0
"""Longest life of a write to Kafka."""
LEASE_S, REQUEST_S = 2.5, 1.5
DRAIN_S: Final = 2.0
RELEASE_S: Final = DRAIN_S + LEDGER_S + 1.0
"""How long the thread that moves records waits for partitions to be released."""
TRIES_MAX, UNKNOWN_TRIES_MAX = 6, 3
RETRY_AFTER_MAX_S: Final = 20.0

assert LEASE_S + REQUEST_S + LEDGER_S < SESSION_S, "as the settings' own check asks for"


@dataclass(frozen=True, slots=True)
class Setting:
    """Drawn once for a world; its workers all have it in common."""

    partitions: int
    protocol: Literal["classic", "consumer"]
    is_static: bool
    guests: int
    in_flight_max: int
    in_hand_max: int
    requests_per_s: float | None
    behaviour_age_max_s: float
    trouble_s: float
    """How long things go wrong."""
    publishing: float
    """In which part of that time something is published."""

    @property
    def deliver(self) -> DeliverSettings:
        """The settings of the workers."""
        return DeliverSettings(
            requests_per_s=self.requests_per_s,
            in_flight_max=self.in_flight_max,
            in_hand_max=self.in_hand_max,
            request_timeout_s=REQUEST_S,
            lease_s=LEASE_S,
            drain_s=DRAIN_S,
            retry_after_max_s=RETRY_AFTER_MAX_S,
            unknown_tries_max=UNKNOWN_TRIES_MAX,
        )

    @property
    def policy(self) -> DeliveryPolicy:
        """What the workers' core decides by."""
        shops = [
            PointOfSale(name, protocol, session_timeout_s=SESSION_TIMEOUT_S, session_margin_s=5.0)
            for name, protocol in (
                ("shop", Protocol.AUTOMATIC),
                ("classic", Protocol.MULTIPLE),
                ("kiosk", Protocol.SINGLE),
            )
        ]
        return DeliveryPolicy(
            {shop.name: shop for shop in shops},
            backoff_first_s=0.5,
            backoff_max_s=4.0,
            give_up_after_s=5.0,
            tries_max=TRIES_MAX,
            unknown_tries_max=UNKNOWN_TRIES_MAX,
            retry_after_max_s=RETRY_AFTER_MAX_S,
            behaviour_age_max_s=self.behaviour_age_max_s,
        )


def draw(rng: Random) -> Setting:
    """Draw how things are in a world: the first that its seed decides."""
    return Setting(
        partitions=rng.randint(1, 3),
        protocol=rng.choice(("classic", "consumer")),
        is_static=rng.random() < 0.3,
        guests=rng.choice((1, 2, 4, 8, 30)),
        in_flight_max=rng.choice((1, 2, 4, 16)),
        in_hand_max=rng.choice((2, 5, 20, 1000)),
        requests_per_s=rng.choice((None, None, 20.0)),
        behaviour_age_max_s=rng.choice((5.0, 60.0, 3600.0)),
        trouble_s=rng.choice((15.0, 25.0, 40.0)),
        publishing=rng.choice((0.2, 0.6, 1.0)),
    )
