"""What would be sent, seen without sending."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from pipeline.cli.main import main

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "pipeline.example.yaml"
EVENTS = ROOT / "docs" / "example.ndjson"


def previewed(*arguments: str, given: bytes | None = None) -> Result:
    """Run `pipeline preview` with the example's settings."""
    return CliRunner().invoke(main, ["--config", str(EXAMPLE), "preview", *arguments], input=given)


def rows(result: Result) -> list[dict[str, Any]]:
    """Read JSON output back."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_example_shows_what_every_event_makes() -> None:
    """It is the first thing that a new user sees of the two cores."""
    result = previewed(str(EVENTS), "--output", "json")

    assert result.exit_code == 0
    types = [
        row.get("type") or next(iter(row.keys() & {"set_aside", "not_sent"}))
        for row in rows(result)
    ]
    assert types == [
        *("VIEW", "ADD", "ADD", "ADD", "IDENTITY", "CLEAR_CART", "ORDER_CHECKOUT"),
        *("BROWSER", "IDENTITY", "ORDER_CHECKOUT"),
        *("BROWSER", "ADD"),
        *("set_aside", "set_aside", "set_aside", "not_sent"),
    ]


def test_a_request_is_shown_as_it_would_leave_but_for_the_key() -> None:
    """What is copied from here can be sent by hand."""
    first = rows(previewed(str(EVENTS), "--output", "json"))[0]

    assert first["request"]["method"] == "POST"
    assert first["request"]["path"] == "/v1.2/events"
    assert first["request"]["body"]["client_key"] == "CLIENT_KEY"
    assert first["request"]["body"]["pos"] == "shop/dublin"


def test_what_is_set_aside_is_shown_with_its_line_and_reason() -> None:
    """Sitecore would have accepted most of it and shown none."""
    aside = [row for row in rows(previewed(str(EVENTS), "--output", "json")) if "set_aside" in row]

    assert [(row["line"], row["set_aside"]["rule"]) for row in aside] == [
        (12, "unknown_point_of_sale"),
        (13, "order_cancelled"),
        (11, "identity_missing"),
    ]


def test_what_is_set_aside_is_explained_with_a_link() -> None:
    """The page of cases tells of the rule, and of the cases that it comes from."""
    shown = rows(previewed(str(EVENTS), "--output", "json"))
    aside = next(row["set_aside"] for row in shown if "set_aside" in row)

    assert aside["why"].startswith("The settings name no such point of sale")
    assert aside["see"] == "docs/cases.md#unknown_point_of_sale"
    assert "docs/cases.md#identity_missing" in previewed(str(EVENTS)).stdout


def test_what_is_odd_is_said_beside_what_leaves() -> None:
    """A total that is not the sum of its lines is sent, and a person may want to know."""
    events = [json.loads(line) for line in EVENTS.read_bytes().splitlines()[:6]]
    events[5]["total"]["amount"] = "1.00"

    given = "\n".join(map(json.dumps, events)).encode()
    result = previewed("-", "--output", "json", given=given)

    assert [row["odd"]["name"] for row in rows(result) if "odd" in row] == ["total_differs"]
    assert result.stderr.endswith("1 odd\n")


def test_the_table_is_for_people() -> None:
    """One row a request, what every message says left out, the sum on standard error."""
    result = previewed(str(EVENTS))

    assert "ORDER_CHECKOUT" in result.stdout
    assert "unknown_point_of_sale" in result.stdout
    assert "browser_id" not in result.stdout
    assert result.stderr == "12 requests, 3 set aside, 1 not sent\n"


def test_events_come_from_standard_input_too() -> None:
    """It stands at the end of a pipe."""
    lines = EVENTS.read_bytes().splitlines(keepends=True)

    result = previewed("-", "--output", "json", given=lines[0])

    assert [row["type"] for row in rows(result)] == ["VIEW"]


def test_a_line_that_is_no_event_is_refused_by_its_number() -> None:
    """What was shown before it stays; the exit code says that the file is not what it should be."""
    result = previewed("-", given=EVENTS.read_bytes().splitlines(keepends=True)[0] + b"{}\n")

    assert result.exit_code == 65
    assert result.stderr.startswith("pipeline: line 2: field event is missing")


def test_without_points_of_sale_there_is_nothing_to_preview() -> None:
    """Every event would be refused, which says nothing about the events."""
    result = CliRunner().invoke(main, ["preview", str(EVENTS)])

    assert result.exit_code == 78
    assert "`sitecore.points_of_sale` is empty" in result.stderr
