"""What the path of a record works with."""

from dataclasses import dataclass

from pipeline.deliver.gate import Gate
from pipeline.deliver.holds import Holds
from pipeline.deliver.lanes import Lanes
from pipeline.deliver.observe import Observer
from pipeline.deliver.ownership import Ownership
from pipeline.deliver.port import Clock, Sender
from pipeline.deliver.writes import Writes
from pipeline.sitecore.policy import DeliveryPolicy


@dataclass(frozen=True, slots=True)
class Means:
    """Made once a worker, and shared by all its lanes."""

    api: Sender
    policy: DeliveryPolicy
    clock: Clock
    gate: Gate
    lanes: Lanes
    owns: Ownership
    writes: Writes
    holds: Holds
    observer: Observer
