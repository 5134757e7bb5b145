"""Since when records lie unread, as far as can be said without reading them."""

from collections.abc import Mapping

from pipeline.assemble.log import Input
from pipeline.record import Instant


class Since:
    """Bounds the age of what lies unread, from look to look.

    What is unread is no older than the record before it, and came after the last look that found
    everything read.
    """

    def __init__(self) -> None:
        self._all_read_at: dict[Input, Instant] = {}

    def oldest(
        self, lag: Mapping[Input, int], *, taken_at: Mapping[Input, Instant], now: Instant
    ) -> Instant | None:
        """Say before when nothing that lies unread was published.

        Args:
            lag: How many records lie unread in each input that is ours.
            taken_at: The timestamp of the record that was taken last, where one was.
            now: The time of this look.

        Returns:
            None when nothing lies unread, or nothing is known yet of an input where something does.
        """
        read = {one: now for one, count in lag.items() if not count}
        known = {one: at for one, at in self._all_read_at.items() if one in lag}
        self._all_read_at = known | read
        behind = lag.keys() - read.keys()
        bounds = [
            max(at for at in (taken_at.get(one), known.get(one)) if at is not None)
            for one in behind
            if one in taken_at or one in known
        ]
        return min(bounds, default=None)
