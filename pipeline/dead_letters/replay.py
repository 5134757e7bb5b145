"""Finds letters in Kafka, and replays or discards them, each once.

The record and its marker are one transaction, and every replay has the same transactional id: so
whoever comes next first ends what an earlier one left open, then reads the markers, then writes.
A replay that was interrupted has done what its markers say, and the same command does the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from confluent_kafka.admin import AdminClient

from pipeline.assemble import state
from pipeline.assemble.clock import SYSTEM
from pipeline.config import Settings
from pipeline.dead_letters import copy
from pipeline.dead_letters.account import Account, Case, Wanted
from pipeline.dead_letters.letter import Places
from pipeline.dead_letters.letter import read as read_letter
from pipeline.errors import ConfigError, NoVerdictError, TransactionError, UnavailableError
from pipeline.kafka import topics
from pipeline.kafka.clients import ClientConfig, consumer_config, producer_config
from pipeline.kafka.entries import Write
from pipeline.kafka.lookup import look_up, spans
from pipeline.kafka.reading import Span, Told, read
from pipeline.kafka.transactions import Transactions
from pipeline.record import Instant, Record

BATCH: Final = 200
"""Letters of one transaction."""
BATCH_BYTES: Final = 4 * 1024 * 1024


class Plan(NamedTuple):
    """What a replay, or a discard, would do."""

    cases: Sequence[Case]
    left_out: Sequence[tuple[Case, str]]
    """What cannot be replayed, and why."""


class DeadLetters:
    """The dead letters of one installation."""

    def __init__(
        self,
        settings: Settings,
        *,
        told: Told = lambda _done, _of: None,
        batch: int = BATCH,
        make: Callable[[ClientConfig], Transactions] = Transactions,
    ) -> None:
        """Prepare.

        Args:
            settings: Where everything lies.
            told: Follows all reading.
            batch: Letters of one transaction, at most.
            make: Makes what writes.

        Raises:
            ConfigError: A client property is wrong, or the topic does not exist.
            UnavailableError: No broker answered in time.
        """
        self._settings = settings
        self._told = told
        self._batch = batch
        self._make = make
        self._topic = settings.topics.dead_letters
        self._admin: AdminClient = topics.admin_client(settings.kafka)
        self._consumer = consumer_config(
            settings.kafka, group=f"{settings.application}-dead-letters"
        )
        rekeyed = settings.rekey.sources if settings.rekey else ()
        sources = (*settings.topics.commerce, *rekeyed)
        owed = settings.topics.stream_events
        counts = topics.partition_counts(self._admin, (*sources, owed, self._topic))
        if self._topic not in counts:
            raise ConfigError(
                f"topic {self._topic!r} does not exist; `pipeline topics create` makes it"
            )
        self._places = Places(sources, owed, counts)

    def account(self, wanted: Wanted = Wanted()) -> Account:  # noqa: B008 — it is immutable
        """Read the letters that may be meant, with all markers of theirs."""
        account = Account()
        for record in self._read(wanted.partition, wanted.since):
            one = read_letter(record, self._places)
            if one is not None:
                account.take(one)
        return account

    def letter(self, partition: int, offset: int) -> Record | None:
        """Read one record of the dead letters; None: there is none at that offset."""
        if partition >= self._places.counts[self._topic]:
            return None
        held = spans(self._admin, self._topic, [partition])[partition]
        span = Span(max(held.begin, offset), min(held.end, offset + 1))
        found = read(self._consumer, self._topic, {partition: span})
        return next((record for record in found if record.position.offset == offset), None)

    def open(self, wanted: Wanted) -> Plan:
        """Find what could be discarded: all that is open."""
        return Plan(list(self.account(wanted._replace(since=None)).cases(wanted)), ())

    def plan(self, wanted: Wanted) -> Plan:
        """Find what could be replayed, and what cannot."""
        cases = list(self.account(wanted._replace(since=None)).cases(wanted))
        erased = self._erased(case for case in cases if case.letter.obstacle is None)
        targets = {case.letter.target for case in cases}
        room = topics.record_bytes(self._admin, targets & self._places.counts.keys())
        found = [(case, _obstacle(case, erased, room)) for case in cases]
        return Plan(
            [case for case, obstacle in found if obstacle is None],
            [(case, obstacle) for case, obstacle in found if obstacle is not None],
        )

    def replay(self, cases: Iterable[Case], done: Callable[[int], None]) -> int:
        """Append what was set aside to its guests' partitions again.

        Args:
            cases: As a plan has them; those with which something was done since are left.
            done: Is told after each transaction how many are done.

        Raises:
            UnavailableError: Kafka did not answer in time; the same again does the rest.
            FencedError: Another one has begun meanwhile.
        """
        return self._write(cases, self._replayed, done)

    def discard(self, cases: Iterable[Case], done: Callable[[int], None]) -> int:
        """Mark what was set aside as done with; otherwise as `replay`."""
        return self._write(
            cases, lambda still: (copy.discarded(case, SYSTEM.now()) for case in still), done
        )

    def _write(
        self,
        cases: Iterable[Case],
        make: Callable[[Sequence[Case]], Iterable[tuple[Write, ...]]],
        done: Callable[[int], None],
    ) -> int:
        transactions = self._make(
            producer_config(
                self._settings.kafka, transactional_id=f"{self._settings.application}-replay"
            )
        )
        count = 0
        transactions.open()
        try:
            # Only now nobody else can write a marker that we do not see.
            account = self.account()
            still = [case for case in cases if _is_unchanged(case, account.case(case.letter.name))]
            for batch in _batches(make(still), self._batch):
                _keep(transactions, batch)
                count += len(batch)
                done(count)
        except TransactionError as error:
            raise UnavailableError(_how_far(count, error)) from error
        finally:
            transactions.close()
        return count

    def _replayed(self, cases: Sequence[Case]) -> Iterator[tuple[Write, ...]]:
        """Read the letters once more, now with what they hold."""
        at = {case.letter.at: case for case in cases}
        reach: dict[int, Span] = {}
        for _, partition, offset in at:
            begin, end = reach.get(partition, (offset, offset + 1))
            reach[partition] = Span(min(begin, offset), max(end, offset + 1))
        for record in read(self._consumer, self._topic, reach):
            case = at.get(record.position)
            if case is not None:
                yield copy.replayed(case, record, SYSTEM.now())

    def _read(self, partition: int | None, since: Instant | None) -> Iterator[Record]:
        count = self._places.counts[self._topic]
        numbers = range(count) if partition is None else [partition] * (partition < count)
        found = spans(self._admin, self._topic, numbers, since)
        return read(self._consumer, self._topic, found, told=self._told)

    def _erased(self, cases: Iterable[Case]) -> set[bytes]:
        """Those guests of some letters that were erased since."""
        mine = {*self._settings.topics.commerce, self._settings.topics.stream_events}
        guests: dict[int, set[bytes]] = {}
        for letter in (case.letter for case in cases):
            if letter.guest is not None and letter.target in mine:
                guests.setdefault(letter.origin.partition, set()).add(letter.guest)
        erased: set[bytes] = set()
        for partition, keys in guests.items():
            place = (self._settings.topics.guest_states, partition)
            found = look_up(self._consumer, self._admin, place, keys, told=self._told)
            erased.update(key for key, value in found.items() if state.decode(value).erased)
        return erased


def _obstacle(case: Case, erased: set[bytes], room: dict[str, int]) -> str | None:
    letter = case.letter
    if letter.obstacle is None and letter.guest in erased:
        return "the guest was erased since"
    size, most = letter.size + copy.FRAME_BYTES, room.get(letter.target)
    if letter.obstacle is None and most is not None and size > most:
        return f"it has {size} bytes, and {letter.target!r} takes {most}: raise max.message.bytes"
    return letter.obstacle


def _is_unchanged(case: Case, found: Case | None) -> bool:
    return found is not None and found.is_open and found.letter.at == case.letter.at


def _keep(transactions: Transactions, batch: Iterable[tuple[Write, ...]]) -> None:
    transactions.begin()
    transactions.produce(write for writes in batch for write in writes)
    transactions.commit()


def _batches(writes: Iterable[tuple[Write, ...]], most: int) -> Iterator[list[tuple[Write, ...]]]:
    """Put together what becomes one transaction; it must not take long."""
    batch: list[tuple[Write, ...]] = []
    size = 0
    for one in writes:
        batch.append(one)
        size += sum(len(write.value or b"") for write in one)
        if len(batch) >= most or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _how_far(count: int, error: TransactionError) -> str:
    unclear = isinstance(error, NoVerdictError)
    last = "whether the next were is not known" if unclear else "the next were not"
    return f"{count} letters are done, {last}; the same command does the rest: {error}"
