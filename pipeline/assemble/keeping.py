"""Keeps a batch in one transaction, and finds out whether it was kept."""

from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.assemble.clock import Clock
from pipeline.assemble.log import Input, Log
from pipeline.errors import FatalKafkaError, NoVerdictError, TransactionError, UnavailableError
from pipeline.kafka.entries import Write
from pipeline.metrics import transactions as metrics

VERDICT_S: Final = 60.0
"""How long Kafka is asked whether a commit was kept; then a restart asks."""


class Keeper:
    """Makes transactions; each leaves a mark of its own with the offsets, to know it again."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._count = 0
        self.mark = ""
        """What the last transaction left with its offsets."""

    def keep(self, writes: Sequence[Write], offsets: Mapping[Input, int]) -> bool:
        """Write all of it, and the offsets last.

        Returns:
            True when Kafka has all of it, False when it has nothing of it.

        Raises:
            FencedError: Another member owns our work.
            FatalKafkaError: Kafka does not say which of the two, or cannot go on with us.
        """
        self._count += 1
        mark = self.mark = f"{self._log.session}/{self._count}"
        try:
            self._log.begin()
            self._log.produce(writes)
            self._log.send_offsets(offsets, mark)
            self._log.commit()
        except NoVerdictError as error:
            kept = self._ask(offsets, mark)
            metrics.commit_unclear(str(error), kept=kept)
            return kept
        except TransactionError as error:
            metrics.aborted(str(error))
            self._abort()
            return False
        return True

    def _abort(self) -> None:
        try:
            self._log.abort()
        except TransactionError:
            # A producer that cannot even abort is replaced; opening its id aborts.
            self._reopen()

    def _ask(self, offsets: Mapping[Input, int], mark: str) -> bool:
        """Find out what became of a commit: never begin again on that producer.

        Opening the id anew ends what is open, for good or ill; then the mark of
        the committed offsets tells. Offsets alone would not: a batch of timers
        moves none.
        """
        self._reopen()
        give_up_at = self._clock.elapsed_s() + VERDICT_S
        while True:
            try:
                found = self._log.committed(offsets)
            except UnavailableError as error:
                self._wait_or_end(error, give_up_at)
            else:
                return any(one is not None and one.mark == mark for one in found.values())

    def _reopen(self) -> None:
        give_up_at = self._clock.elapsed_s() + VERDICT_S
        while True:
            try:
                self._log.reopen()
            except UnavailableError as error:
                self._wait_or_end(error, give_up_at)
            else:
                return

    def _wait_or_end(self, error: UnavailableError, give_up_at: float) -> None:
        """Let the caller ask again: asking takes its time by itself."""
        metrics.waited("verdict", str(error))
        if self._clock.elapsed_s() >= give_up_at:
            raise FatalKafkaError(f"Kafka does not say what became of a commit: {error}")
