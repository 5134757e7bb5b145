"""The settings that the deliverer's core decides by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.sitecore.answers import DEFAULT_RULES, Rule
from pipeline.sitecore.point_of_sale import PointOfSale


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """When to try again, when to give up, and what each point of sale allows."""

    points_of_sale: Mapping[str, PointOfSale]
    backoff_first_s: float = 0.5
    backoff_max_s: float = 60.0
    give_up_after_s: float = 86_400.0
    """Giving up on retries needs this time and *tries_max* tries, both."""
    tries_max: int = 20
    unknown_tries_max: int = 3
    """Tries of one request whose answer never came, before it is set aside."""
    retry_after_max_s: float = 3600.0
    """A destination that asks for a longer wait has an outage."""
    behaviour_age_max_s: float = 300.0
    order_age_max_days: float = 30.0
    browser_ids: Literal["shared", "own"] = "shared"
    """``own``: never send a browser id from an event, always one that we asked for."""
    answers: tuple[Rule, ...] = DEFAULT_RULES
    """What answers mean; the first rule that matches decides."""
