"""One accepted message at the place where it happened."""

from dataclasses import dataclass

from pipeline.record import Instant
from pipeline.sandbox.guests import Guest
from pipeline.sandbox.rules.fields import JsonObject
from pipeline.sandbox.sessions import Session, Sessions
from pipeline.sandbox.settings import DataModel


@dataclass(slots=True)
class Visit:
    """A message that passed the checks of every event, and all that it may change."""

    message: JsonObject
    guest: Guest
    session: Session
    sessions: Sessions
    model: DataModel
    """Of the point of sale."""
    now: Instant
    ref: str
    """What the answer calls this event."""

    def elsewhere(self) -> list[Session]:
        """The guest's other sessions: those that ended, newest first, then the open ones."""
        others = [
            one for one in self.sessions.of(self.guest.browser_ids) if one is not self.session
        ]
        return [*reversed(self.guest.ended), *others]
