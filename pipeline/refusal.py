"""Why something will never reach Sitecore, in words that a person can act on."""

from pipeline.value import value


@value(frozen=True, slots=True)
class Refusal:
    """One thing set aside: by which rule, at which field, because of what."""

    rule: str
    """A label value from a small fixed set, such as ``unknown_point_of_sale``."""
    field: str
    """Dotted name of the field in the commerce event; empty when the whole is refused."""
    found: str
    """What stood there, cut to 100 characters; never contact data or an identifier."""
