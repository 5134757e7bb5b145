"""Calls that may never return."""

import threading

import pytest

from pipeline.kafka.bounded import Bounded


def test_a_call_that_returns_has_done_its_work() -> None:
    """The limit must not be felt where nothing is wrong."""
    done: list[int] = []
    bounded = Bounded()

    for _ in range(3):
        bounded.call(lambda: done.append(len(done)), 5)

    assert done == [0, 1, 2]


def test_what_a_call_raises_is_raised() -> None:
    """Whoever judges Kafka's errors must see them as they were."""

    def refuse() -> None:
        raise LookupError("as the test says")

    with pytest.raises(LookupError, match="as the test says"):
        Bounded().call(refuse, 5)


def test_a_call_that_hangs_is_given_up_and_the_next_one_is_made() -> None:
    """The client's thread is lost, the worker is not."""
    hangs, done = threading.Event(), threading.Event()
    bounded = Bounded()

    with pytest.raises(TimeoutError):
        bounded.call(lambda: _wait(hangs), 0.01)
    bounded.call(done.set, 5)

    assert done.is_set()
    hangs.set()


def test_a_late_return_is_not_taken_for_the_next_call() -> None:
    """Else an old success would hide a new failure."""
    hangs = threading.Event()
    bounded = Bounded()

    def refuse() -> None:
        raise LookupError("the second call")

    with pytest.raises(TimeoutError):
        bounded.call(lambda: _wait(hangs), 0.01)
    hangs.set()

    with pytest.raises(LookupError, match="the second call"):
        bounded.call(refuse, 5)


def test_its_thread_ends_with_it() -> None:
    """Each client has one; a process that makes many must not gather threads."""

    class Asks:
        def __init__(self) -> None:
            self.bounded = Bounded()
            self.threads: list[threading.Thread] = []

        def ask(self) -> None:
            self.bounded.call(lambda: self.threads.append(threading.current_thread()), 5)

    asks = Asks()
    asks.ask()
    (thread,) = asks.threads
    asks.threads.clear()
    del asks

    thread.join(5)
    assert not thread.is_alive()


def _wait(event: threading.Event) -> None:
    event.wait()
