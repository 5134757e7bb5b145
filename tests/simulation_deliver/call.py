"""One request on its way, and what is known of it from outside."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.sitecore.messages import CHECKOUT, ORDER_CHECKOUT
from pipeline.sitecore.request import Request, SendEvent
from tests.simulation_deliver.answers import Fate
from tests.simulation_deliver.setting import REQUEST_S
from tests.simulation_deliver.shop import Due

if TYPE_CHECKING:
    from tests.simulation_deliver.process import Process


@dataclass(slots=True, eq=False)
class Call:
    """One request that left a process."""

    process: "Process"
    request: Request
    due: Due
    fate: Fate
    left_at: float
    epoch: int = 0
    """Which of all times that anybody was given its partition."""
    key: Hashable = None
    """What makes it the same thing to the destination; None: it is asked for anew each time."""
    taken_at: float | None = None
    ended_at: float | None = None
    """When its process learned what became of it, or gave it up."""
    heard_at: float | None = None
    """When its process learned that it was taken."""
    is_kept: bool = False
    """Whether Kafka has acknowledged to its process what was learned."""

    @property
    def is_marked(self) -> bool:
        """Whether it says that it may be a repeat."""
        return isinstance(self.request, SendEvent) and self.request.possible_repeat

    @property
    def is_order(self) -> bool:
        """Whether an order leaves with it."""
        return self.request.type in {CHECKOUT, ORDER_CHECKOUT}

    @property
    def session(self) -> tuple[str, str, str, str]:
        """Where an event belongs: guest, browser id, channel and point of sale."""
        assert isinstance(self.request, SendEvent)
        said = self.request.message
        browser, channel, shop = (str(said[name]) for name in ("browser_id", "channel", "pos"))
        return self.due.guest, browser, channel, shop

    @property
    def item(self) -> str:
        """The item of an ADD; empty for anything else."""
        said = self.request.message if isinstance(self.request, SendEvent) else {}
        product = said.get("product")
        return str(product["item_id"]) if isinstance(product, dict) else ""

    @property
    def is_event(self) -> bool:
        """Whether it tells something; else it asks for a browser id."""
        return isinstance(self.request, SendEvent)

    @property
    def is_late(self) -> bool:
        """Whether it was taken when nobody could be waiting for it any more."""
        return self.taken_at is not None and self.taken_at > self.left_at + REQUEST_S

    @property
    def is_orphan(self) -> bool:
        """Whether nobody waited for it any more when it was taken."""
        return self.is_late or self.process.is_dead or self.ended_at is not None

    def is_under_way(self, now: float) -> bool:
        """Whether its process may still learn what becomes of it."""
        return not self.process.is_dead and self.ended_at is None and now < self.left_at + REQUEST_S

    def __str__(self) -> str:
        mark = "!" if self.is_marked else ""
        where = f"{self.due.partition}@{self.due.offset} {self.due.guest}"
        return f"{self.request.type}{mark} {where} {self.item} {self.fate.kind}"
