"""What users say that answers of the Stream API mean, where the program's own table is wrong."""

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr, model_validator

from pipeline.settings_kafka import Section
from pipeline.sitecore.answers import Kind, Matcher, Rule, Statuses, objection

_STATUSES = r"^([1-9]xx|[1-9]\d\d(-[1-9]\d\d)?)$"


def _statuses(value: object) -> object:
    text = str(value) if isinstance(value, int) else value
    if isinstance(text, str) and re.match(_STATUSES, text) is None:
        raise ValueError(f"`{text}` is no status: write `409`, `500-504` or `4xx`")
    return text


class AnswerSettings(Section):
    """One rule for answers of the Stream API; all that it names must hold."""

    statuses: Annotated[str, BeforeValidator(_statuses), Field(pattern=_STATUSES)]
    """HTTP statuses: `409`, `500-504` or `4xx`."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Headers that are there, and what each contains, whatever the case; empty: anything."""
    fields: dict[str, StrictBool | StrictInt | StrictStr] = Field(default_factory=dict)
    """Fields at the top of the JSON body, and their values."""
    contains: str = ""
    """Text that stands in the body."""
    request: Literal["event", "browser_id"] = "event"
    """What was asked: to take an event, or to issue a browser id."""
    outcome: Literal[
        "delivered",
        "retry",
        "retry_maybe_taken",
        "unknown",
        "throttle",
        "set_up",
        "refused",
        "unknown_browser",
    ]
    """What it means; `retry`: it was surely not taken, `set_up`: hold everything."""

    @model_validator(mode="after")
    def _keeps_promises(self) -> Self:
        if self._range.last < self._range.first:
            raise ValueError(f"`{self.statuses}` runs backwards: write the lower status first")
        if why := objection(self.rule()):
            raise ValueError(f"`{self.statuses}` cannot be `{self.outcome}`: {why}")
        return self

    def rule(self) -> Rule:
        """The rule as the table has it."""
        headers = tuple((name.lower(), part.lower()) for name, part in self.headers.items())
        matcher = Matcher(
            self._range,
            headers=headers,
            issuing=self.request == "browser_id",
            fields=tuple(self.fields.items()),
            contains=self.contains.encode(),
        )
        return Rule(matcher, Kind(self.outcome))

    @property
    def _range(self) -> Statuses:
        numbers = re.findall(r"\d{3}", self.statuses)
        if not numbers:
            first = int(self.statuses[0]) * 100
            return Statuses(first, first + 99)
        return Statuses(int(numbers[0]), int(numbers[-1]))
