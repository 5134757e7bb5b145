"""Faults come from people, by JSON: what they may say."""

import pytest

from pipeline.sandbox.faults import NO_FAULTS, Faults, changed


def test_named_faults_change_and_others_stay() -> None:
    """A test switches one thing at a time."""
    faults = changed(Faults(cut=0.5), {"fail_after": 0.25, "refuse_item_types": ["GIFT_CARD"]})

    assert faults == Faults(cut=0.5, fail_after=0.25, refuse_item_types=("GIFT_CARD",))


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "cut",
        {"cuts": 0.5},
        {"cut": 1.5},
        {"cut": -0.1},
        {"cut": "0.5"},
        {"cut": True},
        {"cut": 0.6, "hang": 0.6},
        {"limit_per_s": 0},
        {"limit_per_s": "many"},
        {"fail_status": 404},
        {"fail_status": 502.5},
        {"latency_ms": -1},
        {"latency_ms": 1e300},
        {"refuse_item_types": "GIFT_CARD"},
        {"refuse_item_types": [7]},
        {"retry_after_s": -1},
    ],
)
def test_faults_that_make_no_sense_are_refused(said: object) -> None:
    """Nothing changes, and the message says what is wrong."""
    with pytest.raises(ValueError, match=r"\w+"):
        changed(NO_FAULTS, said)


def test_an_unknown_fault_is_answered_with_the_known_ones() -> None:
    """A misspelt name must not pass for no fault."""
    with pytest.raises(ValueError, match=r"'cuts'.*cut, fail_after"):
        changed(NO_FAULTS, {"cuts": 0.5})
