"""What is configured about the tenant that the sandbox plays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

DataModel: TypeAlias = Literal["2.0", "2.1"]

EXAMPLE_BROWSER_ID = "a38b230c-11eb-4cf9-8d5d-274e9f344925"
"""The browser id of the documentation's own examples."""

EXAMPLE_SHOP = "myretailsite/ireland"
"""The point of sale of the documentation's own examples."""


@dataclass(frozen=True, slots=True)
class Shop:
    """One point of sale, as the tenant has it."""

    session_timeout_s: float = 1200.0
    """Inactivity that closes a session; 20 minutes is the documentation's example."""
    data_model: DataModel = "2.1"


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """The tenant, and how much of what it was sent the sandbox remembers."""

    client_key: str = "demo"
    shops: Mapping[str, Shop] = field(default_factory=lambda: {EXAMPLE_SHOP: Shop()})
    """By exact name; messages of any other point of sale are accepted and never seen."""
    identity_providers: tuple[str, ...] | None = None
    """Providers of the identity rules, in rule order; None: every provider has one."""
    item_types: frozenset[str] | None = None
    """Item types declared for ORDER_CHECKOUT; None: every type is."""
    browser_ids: tuple[str, ...] = (EXAMPLE_BROWSER_ID,)
    """Browser ids that count as issued from the start."""
    requests_kept: int = 100_000
    """How many of the newest requests the log keeps; and of unseen messages likewise."""
    request_bytes_kept: int = 128 * 1024 * 1024
    """Most bytes of request texts in the log."""
    body_bytes_max: int = 4 * 1024 * 1024
    """The sandbox's own protection; a limit of the Stream API is not documented."""
    seed: int = 1
    """Of injected faults."""
