"""Whatever a message says, the sandbox answers and shows; it never fails."""

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sandbox import views
from pipeline.sandbox.settings import EXAMPLE_BROWSER_ID, EXAMPLE_SHOP
from pipeline.sandbox.wire import Call
from tests.unit.sandbox.messages import (
    BASE,
    CHECKOUT,
    CLEAR_CART,
    ITEM,
    OLD_SHOP,
    PAYMENT,
    VIEW,
    Message,
    add,
    confirm,
    identity,
    order_checkout,
)
from tests.unit.sandbox.test_sandbox import posted, sandbox

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

ANY_JSON: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
CONTACTS: Message = {"type": "ADD_CONTACTS", **BASE, "contact": [{"title": "Ms", "street": []}]}
GOOD: list[Message] = [
    *(identity(), add(), confirm(), CHECKOUT, PAYMENT, CLEAR_CART, VIEW, CONTACTS),
    order_checkout(
        {**ITEM, "extensions": [{"name": "ext", "key": "default", "size": 1}]},
        extensions=[{"name": "ext", "key": "default", "gift": True}],
    ),
    {**VIEW, "type": "SEARCH", "product_name": "Shoes", "product_type": "APPAREL"},
    {**VIEW, "ext": {"colour": "red"}},
]
SHOWN = msgspec.json.Encoder(decimal_format="number")


@st.composite
def spoilt(draw: st.DrawFn) -> Message:
    """A good message with one value anywhere replaced by any JSON."""
    message: Message = json.loads(json.dumps(draw(st.sampled_from(GOOD))))
    message["pos"] = draw(st.sampled_from([EXAMPLE_SHOP, EXAMPLE_SHOP, OLD_SHOP]))
    places = list(_places(message))
    holder, key = places[draw(st.integers(0, len(places) - 1))]
    holder[key] = draw(ANY_JSON)
    return message


def _places(within: Any) -> Iterator[tuple[Any, Any]]:
    """List every place of a value: its holder and its key or index."""
    keys = within if isinstance(within, dict) else range(len(within))
    for key in keys:
        yield within, key
        if isinstance(within[key], dict | list):
            yield from _places(within[key])


@settings(max_examples=300, deadline=None)
@given(st.lists(spoilt(), min_size=1, max_size=8))
def test_spoilt_messages_are_answered_and_shown(messages: list[Message]) -> None:
    """Each gets an answer of the documented set, and every view can still be written."""
    box = sandbox()
    for message in messages:
        status = box.handle(posted(message)).reply.status
        assert status in {201, 400, 401, 404}

    for view in (views.orders, views.unseen, views.summary):
        assert SHOWN.encode(view(box))
    assert SHOWN.encode(views.guest(box, EXAMPLE_BROWSER_ID))
    assert SHOWN.encode(views.requests(box, after=0, limit=100, texts=True))


@settings(max_examples=200, deadline=None)
@given(ANY_JSON)
def test_any_json_is_answered(said: Json) -> None:
    """Not even an object is needed."""
    assert sandbox().handle(posted(said)).reply.status in {400, 401}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(body: bytes) -> None:
    """Noise is refused in both forms, and logged."""
    box = sandbox()
    query = body.decode("latin-1")

    box.handle(Call("event/post", body=body, content_type="application/json"))
    box.handle(Call("event/get", query=f"client_key=demo&message={query}"))

    assert {entry.status for entry in box.log.newest} <= {400, 401}
    assert SHOWN.encode(views.requests(box, after=0, limit=10, texts=True))


def test_huge_numbers_do_not_overflow() -> None:
    """JSON knows no largest number; sums of money must not fail on one."""
    box = sandbox()
    box.handle(posted(identity()))
    for number in ("1e308", "-1e308", "1" * 4000, "1e999", "0.1e-400"):
        text = json.dumps({**add("A"), "client_key": "demo"}).replace("7.99", number)
        huge = text.replace('"quantity": 3', f'"quantity": {number}')
        for body in (text, huge):
            call = Call("event/post", body=body.encode(), content_type="application/json")
            assert box.handle(call).reply.status in {201, 400}
    box.handle(posted(confirm("A")))
    box.handle(posted(CHECKOUT))

    for view in (views.orders, views.unseen, views.summary):
        assert SHOWN.encode(view(box))
    assert SHOWN.encode(views.guest(box, EXAMPLE_BROWSER_ID))
