"""How much of one guest is remembered: beyond it things are set aside, by name.

A guest is one value in a compacted topic, so a guest without bounds could grow
past what Kafka takes. Real guests are far below each of these.
"""

from typing import Final

LINES_MAX: Final = 500
"""Lines of a cart, or of an order."""

FACTS_MAX: Final = 1000
"""Facts of a cart, those without effect included."""

CART_BYTES_MAX: Final = 256 * 1024
"""Bytes of the records that a cart's facts came from."""

WAITING_MAX: Final = 100
"""Orders, and payments, that wait at once."""

WAITING_BYTES_MAX: Final = 128 * 1024
"""Bytes of the records that wait at once."""

IDENTITY_BYTES_MAX: Final = 64 * 1024
"""Bytes of a record that identifies a guest."""

ORDERS_MAX: Final = 2000
"""Orders known by their id."""

EVENT_IDS_MAX: Final = 2000
"""Event ids remembered in one repeat horizon."""

BROWSERS_MAX: Final = 16
"""Browser ids remembered as told who the guest is; an older one would be told again."""

ID_CHARACTERS_MAX: Final = 256
"""Characters of an order id: it is remembered as long as the guest."""

ATTRIBUTES_MAX: Final = 50
"""Extension attributes: the Stream API documents at most 50 for an event, order or item."""

AHEAD_MAX_S: Final = 86_400.0
"""How far the shop's clock may be ahead of Kafka's; a fact from further would rule the cart."""
