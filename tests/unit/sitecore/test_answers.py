"""What users may say of answers, and what they may not."""

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import Settings, load
from pipeline.errors import ConfigError
from pipeline.policies import delivery_policy
from pipeline.settings_answers import AnswerSettings
from pipeline.sitecore.answers import DEFAULT_RULES
from pipeline.sitecore.judge import judge
from pipeline.sitecore.outcome import (
    Answer,
    Delivered,
    Issued,
    Outcome,
    Refused,
    Retry,
    SetUp,
    Throttle,
    Unknown,
    UnknownBrowser,
)
from pipeline.sitecore.owed import DeliveryId
from pipeline.sitecore.request import CreateBrowser, Request, SendEvent
from tests.unit.sitecore.samples import BASE, NOW

EVENT = SendEvent(DeliveryId("d"), {"type": "VIEW", **BASE})  # type: ignore[dict-item]
BROWSER = CreateBrowser(DeliveryId("d"))
OK = b'{"status":"OK","ref":"a38b"}'


def settings_with(*answers: dict[str, object]) -> Settings:
    """Settings of a tenant with rules of its own."""
    tree = {"sitecore": {"points_of_sale": [{"name": "shop"}], "answers": answers}}
    return Settings.model_validate(tree)


def judged(answer: Answer, *answers: dict[str, object], request: Request = EVENT) -> Outcome:
    """What an answer means by some rules."""
    rules = delivery_policy(settings_with(*answers)).answers
    return judge(request, answer, now=NOW, rules=rules)


def refused(**rule: object) -> str:
    """What is said of a rule that must not be."""
    with pytest.raises(ValueError, match="cannot be") as error:
        settings_with(rule)
    return str(error.value)


def test_a_users_rule_comes_before_those_of_the_program() -> None:
    """Of what a gateway of theirs means, users know more."""
    conflict = {"statuses": 409, "outcome": "retry"}

    assert judged(Answer(409, {}, b""), conflict) == Retry("http_409")
    assert judged(Answer(410, {}, b""), conflict) == Refused("HTTP 410")


def test_of_several_rules_the_first_that_holds_decides() -> None:
    """Their order is the user's."""
    rules: list[dict[str, object]] = [
        {"statuses": "400-409", "headers": {"X-Busy": ""}, "outcome": "throttle"},
        {"statuses": "4xx", "outcome": "set_up"},
    ]

    assert judged(Answer(409, {"x-busy": "1"}, b""), *rules) == Throttle(1.0, 409)
    assert judged(Answer(409, {}, b""), *rules) == SetUp("http_409")
    assert judged(Answer(410, {"x-busy": "1"}, b""), *rules) == SetUp("http_410")


@pytest.mark.parametrize(
    ("rule", "answer", "holds"),
    [
        ({"headers": {"X-Why": "Limit"}}, Answer(400, {"x-why": "over LIMIT"}, b""), True),
        ({"headers": {"X-Why": "limit"}}, Answer(400, {"x-why": "key"}, b""), False),
        ({"headers": {"X-Why": ""}}, Answer(400, {}, b""), False),
        ({"fields": {"code": 42}}, Answer(400, {}, b'{"code": 42, "x": 1}'), True),
        ({"fields": {"code": 42}}, Answer(400, {}, b'{"code": "42"}'), False),
        ({"fields": {"code": "42"}}, Answer(400, {}, b'{"code": "42"}'), True),
        ({"fields": {"code": 1}}, Answer(400, {}, b'{"code": true}'), False),
        ({"fields": {"late": True}}, Answer(400, {}, b'{"late": true}'), True),
        ({"fields": {"code": 42}}, Answer(400, {}, b'{"error": {"code": 42}}'), False),
        ({"fields": {"code": 42}}, Answer(400, {}, b"no JSON"), False),
        ({"contains": "später"}, Answer(400, {}, "bitte später".encode()), True),
        ({"contains": "later"}, Answer(400, {}, b"never"), False),
        ({"contains": "later", "fields": {"a": 1}}, Answer(400, {}, b'{"a":1}'), False),
        ({"request": "browser_id"}, Answer(400, {}, b""), False),
    ],
)
def test_all_that_a_rule_names_must_hold(
    rule: dict[str, object], answer: Answer, holds: bool
) -> None:
    """Status, headers and body, together."""
    found = judged(answer, {"statuses": "400", "outcome": "retry", **rule})

    assert found == (Retry("http_400") if holds else Refused("HTTP 400"))


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ("500", "delivered"),
        ("4xx", "delivered"),
        ("200-300", "delivered"),
        ("5xx", "retry"),
        ("302", "retry"),
        ("200", "retry"),
        ("200", "throttle"),
        ("3xx", "throttle"),
        ("500", "unknown_browser"),
        ("2xx", "retry_maybe_taken"),
        ("204", "refused"),
        ("2xx", "unknown"),
        ("200", "set_up"),
        ("5xx", "refused"),
        ("401", "refused"),
        ("400-410", "refused"),
        ("429", "refused"),
        ("3xx", "refused"),
    ],
)
def test_a_rule_that_would_make_a_promise_false_is_refused(statuses: str, outcome: str) -> None:
    """Lost, doubled without a mark, or set aside in an outage: nothing of it by a setting."""
    assert f"`{statuses}` cannot be `{outcome}`: " in refused(statuses=statuses, outcome=outcome)


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [("500", "delivered"), ("5xx", "retry"), ("200", "throttle"), ("500", "unknown_browser")],
)
def test_some_rules_no_further_condition_makes_true(statuses: str, outcome: str) -> None:
    """What stands behind a gateway, its answer does not say, however it is worded."""
    assert "cannot be" in refused(statuses=statuses, outcome=outcome, contains="all is well")


@pytest.mark.parametrize(
    ("rule", "answer", "outcome"),
    [
        ({"statuses": "403", "outcome": "refused"}, Answer(403, {}, b"waf"), Refused("HTTP 403")),
        (
            {"statuses": "200", "outcome": "retry_maybe_taken"},
            Answer(200, {}, b"waf"),
            Retry("http_200", possible_repeat=True),
        ),
        ({"statuses": "200", "outcome": "set_up"}, Answer(200, {}, b"waf"), SetUp("http_200")),
        ({"statuses": "500", "outcome": "refused"}, Answer(500, {}, b"waf"), Refused("HTTP 500")),
    ],
)
def test_a_closer_look_allows_more(
    rule: dict[str, object], answer: Answer, outcome: Outcome
) -> None:
    """A firewall that refuses one message must not hold all of them."""
    assert judged(answer, {**rule, "contains": "waf"}) == outcome
    assert judged(Answer(answer.status, {}, b""), rule | {"contains": "waf"}) != outcome


@pytest.mark.parametrize("outcome", ["delivered", "refused", "unknown_browser"])
def test_a_request_for_a_browser_id_holds_no_event_that_could_be_meant(outcome: str) -> None:
    """It would be waited for ever, or the guest's message set aside for it."""
    rule = {"statuses": 404, "request": "browser_id", "outcome": outcome, "contains": "x"}

    assert "holds no event" in refused(**rule)


def test_a_rule_for_browser_ids_is_none_for_events() -> None:
    """And the other way round: what one means says nothing of the other."""
    rule = {"statuses": 404, "request": "browser_id", "outcome": "retry"}

    assert judged(Answer(404, {}, b""), rule, request=BROWSER) == Retry("http_404")
    assert judged(Answer(404, {}, b""), rule) == UnknownBrowser()


def test_a_rule_that_cannot_be_read_says_what_is_wrong(tmp_path: Path) -> None:
    """Where it stands, what was found, and what to do."""
    file = tmp_path / "pipeline.yaml"
    for text, said in {
        "{statuses: 4x, outcome: retry}": "write `409`, `500-504` or `4xx`",
        "{statuses: 499-400, outcome: retry}": "runs backwards: write the lower status first",
        "{statuses: 400, outcome: retry, body: x}": "unknown setting `sitecore.answers[0].body`",
        "{statuses: 400, outcome: later}": "sitecore.answers[0].outcome",
        "{outcome: retry}": "`sitecore.answers[0].statuses` is missing",
        "{statuses: 5xx, outcome: delivered}": "only 2xx says that Sitecore has the event",
    }.items():
        file.write_text(f"sitecore: {{answers: [{text}]}}")
        with pytest.raises(ConfigError) as error:
            load(file, {})
        assert said in str(error.value)


def test_without_rules_of_users_nothing_is_added() -> None:
    """The program's table is the whole truth then."""
    assert delivery_policy(settings_with()).answers is DEFAULT_RULES


OUTCOMES = get_args(AnswerSettings.model_fields["outcome"].annotation)
RULES = st.fixed_dictionaries(
    {
        "statuses": st.sampled_from(["2xx", "3xx", "4xx", "5xx", "200-599", "404"]),
        "outcome": st.sampled_from(OUTCOMES),
        "request": st.sampled_from(["event", "browser_id"]),
        "contains": st.sampled_from(["", "", "s", "OK"]),
    }
)


@given(
    st.lists(RULES, max_size=5),
    st.sampled_from([EVENT, BROWSER]),
    st.sampled_from([200, 201, 204, 302, 400, 401, 404, 408, 429, 500, 503]),
    st.sampled_from([b"", OK, b'{"status":"ERROR"}', b"s", b"<html>"]),
)
def test_whatever_users_say_promises_hold(
    rules: list[dict[str, object]], request_: Request, status: int, body: bytes
) -> None:
    """What is acknowledged is never sent again, and nothing is delivered by wishful thinking."""
    allowed = []
    for rule in rules:
        try:
            settings_with(rule)
        except ValueError:
            continue
        allowed.append(rule)
    taken = 200 <= status < 300

    outcome = judged(Answer(status, {}, body), *allowed, request=request_)

    if request_ is EVENT and taken and body == OK:
        assert outcome == Delivered(ref="a38b")
    assert isinstance(outcome, Delivered | Issued) <= taken
    if isinstance(outcome, Retry) and not outcome.possible_repeat and request_ is EVENT:
        assert 400 <= status < 500
    if request_ is BROWSER:
        assert isinstance(outcome, Issued | Retry | Unknown | Throttle | SetUp)
