"""Where the documentation is silent: what the sandbox does instead, the strictest it could."""

_TEXT = """
An event that names no known type is a custom event; one named almost like a standard event is
  never seen.
A missing or invalid common attribute, an invalid extension, a reserved type: the event is
  accepted and never seen.
An extension attribute keeps the type of its first appearance; integer and float differ.
An event that cannot be processed does not keep its session open.
A session ends when it has been silent for exactly the timeout; if its events name several
  points of sale, the shortest timeout counts.
ADD with a quantity of zero or less cannot be used; it makes CHECKOUT fail until the line is
  added again or the cart is cleared.
CONFIRM that cannot be used makes CHECKOUT fail until CLEAR_CART.
An order consists of the confirmed lines; CHECKOUT empties the cart, contacts included.
An order by CHECKOUT was placed when the event arrived.
PAYMENT belongs to the session's latest order; a later one replaces it.
ORDER_CHECKOUT leaves the cart alone, takes no status but the two listed, and does not compare
  its price with its items.
An order of a guest who is not yet a customer is never seen, even if they become one.
A lower case order number is shown, and flagged.
The same order number twice makes two orders; all but the first are flagged as duplicates.
A customer named by another id of the same provider is somebody else behind the same browser:
  the browser changes hands, and both profiles are flagged.
A browser id is answered with status 201, a lookup with 200; error bodies look like those of the
  REST APIs; a request that is not readable gets 400.
"""

ASSUMPTIONS = tuple(
    " ".join(entry.split()) for entry in _TEXT.strip().replace("\n  ", " ").split("\n")
)
"""One sentence each."""
