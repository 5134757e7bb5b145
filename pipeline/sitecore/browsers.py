"""Which browser id a message goes out under.

An event without one, or with a wrong one, is not taken; only Sitecore issues them.
"""

from pipeline.commerce.events import BrowserId
from pipeline.sitecore.delivery import Browser, Delivery, Replacement
from pipeline.sitecore.owed import Context
from pipeline.sitecore.policy import DeliveryPolicy

BROWSERS_MAX = 64
"""Browser ids remembered of one guest, those used last; the same number of replaced ones."""


def browser_for(
    delivery: Delivery, context: Context, policy: DeliveryPolicy
) -> BrowserId | Replacement | None:
    """The browser id for a message.

    Returns:
        A replacement that is still to be issued when the event's own is unknown to Sitecore; None
        when the guest has none at all.
    """
    given = context.browser_id
    if given is None or policy.browser_ids == "own":
        known = [b.id for b in delivery.browsers if b.issued or policy.browser_ids == "shared"]
        return known[-1] if known else None
    for replaced in delivery.replaced:
        if replaced.old == given:
            return replaced.new or replaced
    return given


def browser_at(delivery: Delivery, browser_id: BrowserId) -> Browser:
    """What is known of a browser id."""
    for browser in delivery.browsers:
        if browser.id == browser_id:
            return browser
    return Browser(browser_id)


def with_browser(delivery: Delivery, browser: Browser) -> Delivery:
    """Remember a browser id as the one used last."""
    if delivery.browsers[-1:] == (browser,):
        return delivery
    others = (other for other in delivery.browsers if other.id != browser.id)
    return delivery._replace(browsers=(*others, browser)[-BROWSERS_MAX:])


def with_issued(delivery: Delivery, browser: Browser, replaces: BrowserId | None) -> Delivery:
    """Remember a browser id that was issued, and in whose place."""
    known = with_browser(delivery, browser)
    return (
        known if replaces is None else _with_replacement(known, Replacement(replaces, browser.id))
    )


def without_browser(delivery: Delivery, browser_id: BrowserId) -> Delivery:
    """Forget a browser id that Sitecore does not know, with its sessions.

    Another is to be issued in its place, and in the place of those that it stood in for.
    """
    forgotten = delivery._replace(
        browsers=tuple(b for b in delivery.browsers if b.id != browser_id),
        sessions=tuple(s for s in delivery.sessions if s.browser_id != browser_id),
        replaced=tuple(
            r._replace(new=None) if r.new == browser_id else r for r in delivery.replaced
        ),
    )
    return _with_replacement(forgotten, Replacement(browser_id))


def _with_replacement(delivery: Delivery, replacement: Replacement) -> Delivery:
    others = (other for other in delivery.replaced if other.old != replacement.old)
    return delivery._replace(replaced=(*others, replacement)[-BROWSERS_MAX:])
