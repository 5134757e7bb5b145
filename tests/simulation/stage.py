"""What the simulated clients of one process ask of the world around them."""

from typing import Protocol

from pipeline.record import Record


class Stage(Protocol):
    """The world, as one process meets it while it waits for Kafka."""

    taken: list[Record]
    """What the worker has decoded since it last asked for records."""

    def at(self, call: str, *details: object) -> None:
        """Note a call; much may happen before this returns, or it never does."""

    def strikes(self, fault: str) -> bool:
        """Whether a fault happens now."""

    def between(self, least: int, most: int) -> int:
        """Draw a number."""

    def passes(self, seconds: float) -> None:
        """Let time pass."""
