"""What a reset will do, in numbers and in words."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pipeline.assemble.log import Input


class Plan(NamedTuple):
    """Where reading begins anew, and what is forgotten for it."""

    begins: Mapping[Input, int]
    """The next offset to read of each commerce partition, once it is done."""
    committed: Mapping[Input, int | None]
    """The same as it is now; None: nothing was ever read."""
    ends: Mapping[Input, int]
    owed: int
    """Offsets of what is owed that are deleted, sent or not."""
    members: Mapping[str, int]
    """Live members, by group."""


def said(plan: Plan) -> Iterator[str]:
    """Say what will be done, a line a thing."""
    for topic in dict.fromkeys(one.topic for one in plan.begins):
        inputs = [one for one in plan.begins if one.topic == topic]
        again = sum(max(0, (plan.committed[i] or 0) - plan.begins[i]) for i in inputs)
        left_out = sum(max(0, plan.begins[i] - (plan.committed[i] or 0)) for i in inputs)
        left = sum(plan.ends[i] - plan.begins[i] for i in inputs)
        yield (
            f"{topic}: {len(inputs)} partitions will be read from where you said: {left} offsets, "
            f"{again} of them again; {left_out} that were not read are left out"
        )
    yield "guest states: every guest is forgotten, with carts, waiting orders and timers"
    yield f"what is owed: {plan.owed} offsets are deleted, whether sent or not"
    yield (
        "deliveries: what Sitecore has accepted is forgotten, so that orders which are read again "
        "are sent again"
    )
    yield "dead letters, and how far rekey has come, stay as they are"
    for group, count in plan.members.items():
        if count:
            yield f"{group}: {count} live members; all must be stopped first"
