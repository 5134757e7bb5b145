"""What `pipeline guest` finds of a guest on a real broker."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.commerce.events import BrowserId, CommerceEvent
from tests.components.kafka import Kafka
from tests.kafka.buying import now, said
from tests.kafka.destination import Destination
from tests.kafka.setting_aside import Installation, until
from tests.unit.deliver.views import browser_of
from tests.unit.orders.story import identified, line, placed, viewed

pytestmark = pytest.mark.kafka


BROWSER = BrowserId(browser_of("ben"))


def happens(made: Installation) -> None:
    """Ben logs in, looks at two pages, and buys without having paid; Ann logs in."""
    order = replace(placed(3, "1001", line("shoes"), payment=None), ordered_at=now())
    events: list[CommerceEvent] = [identified(1, browser=BROWSER), viewed(2), viewed(3), order]
    made.publish(
        *(
            replace(said(event, "ben"), browser_id=BROWSER, page=str(number))
            for number, event in enumerate(events, start=1)
        ),
        said(identified(1, browser=browser_of("ann")), "ann"),
    )


def shown(made: Installation, guest: str) -> dict[str, Any]:
    """What the command shows of a guest."""
    done = made.command("guest", guest, "--output", "json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_guest_is_shown_as_both_workers_know_them(kafka: Kafka, tmp_path: Path) -> None:
    """Why is it late: one order waits for a payment, one request fails, one is behind it."""
    with Destination(say=lambda event: 500 if event.page == "2" else 201) as destination:
        made = Installation(kafka, tmp_path, destination.address)
        happens(made)
        with made.working():
            until(lambda: len(made.read("stream_events")) == 4)
            until(lambda: bool((shown(made, "ben")["deliver"] or {}).get("head")))
            ben = shown(made, "ben")
            text = made.command("guest", "ben").stdout

    (waits,) = ben["assemble"]["waiting_orders"]
    assert (waits["order_id"], waits["lacks"]) == ("1001", "payment")
    assert waits["since"] < waits["until"] == ben["assemble"]["next_timer"]
    assert ben["assemble"]["identity"] is True
    head, behind = ben["deliver"]["head"], ben["behind"]
    assert head["delivery_id"] == behind[0]["delivery_id"]
    assert (head["form"], head["last_answer"]) == ("free", "http_500")
    assert head["tries"] >= 1
    assert [one["kind"] for one in behind] == ["OwedBehaviour", "OwedBehaviour"]
    assert ben["deliver"]["finished_offset"] > 0
    assert ben["deliver"]["browser_ids"][0]["id"] == f"{BROWSER[:8]}..."
    for said_of in (text, json.dumps(ben)):
        assert "1001" in said_of
        assert "Ada" not in said_of
        assert BROWSER not in said_of


def test_a_guest_of_whom_nothing_is_known_is_told_so(kafka: Kafka, tmp_path: Path) -> None:
    """And where it was looked: perhaps producers place guests by another rule."""
    made = Installation(kafka, tmp_path)

    nobody = shown(made, "nobody")

    assert nobody["known"] is False
    assert nobody["looked_in"] == [
        made.topics[name] for name in ("guest_states", "deliveries", "stream_events")
    ]
    text = made.command("guest", "nobody").stdout
    assert text.startswith(f"nothing is known of this guest in partition {nobody['partition']} of")


def test_what_takes_too_long_is_given_up_and_a_wrong_partition_refused(
    kafka: Kafka, tmp_path: Path
) -> None:
    """A command that hangs tells nobody anything."""
    made = Installation(kafka, tmp_path)
    made.publish(said(identified(1), "ann"))
    with made.working():
        until(lambda: len(made.read("guest_states")) >= 2)

    slow = made.command("guest", "ann", "--within-s", "0.000001")
    wrong = made.command("guest", "ann", "--partition", "9")

    assert slow.exit_code == 69
    assert "--within-s" in slow.output
    assert wrong.exit_code == 78
    assert "there is no partition 9" in wrong.output
