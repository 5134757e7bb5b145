"""Runs several commands as one: each in a child process, all ending together."""

import signal
from collections.abc import Sequence
from queue import SimpleQueue
from subprocess import PIPE, Popen
from threading import Thread
from types import FrameType

from pipeline.cli.signals import SIGNALS


def run_together(commands: Sequence[Sequence[str]]) -> int:
    """Run commands side by side until all have ended.

    Signals are passed on. When one ends, the others are asked to end, so that a supervisor
    sees one process that runs or does not. Their standard input stays open as long as this
    process lives, and closes with it, even at a signal 9.

    Returns:
        The exit code of the first that failed, 0 when none did; for one that a signal ended,
        128 and the signal's number.
    """
    ended: SimpleQueue[int] = SimpleQueue()
    children: list[Popen[bytes]] = []

    told = False

    def tell(number: int, _frame: FrameType | None = None) -> None:
        nonlocal told
        told = True
        for child in children:
            child.send_signal(number)

    before = {one: signal.signal(one, tell) for one in SIGNALS}
    try:
        for command in commands:
            # In a session of its own, a terminal's Ctrl-C reaches a child once, through us.
            child = Popen(command, stdin=PIPE, start_new_session=True)  # noqa: S603 — ours
            children.append(child)
            Thread(target=lambda child=child: ended.put(child.wait()), daemon=True).start()
        codes = [ended.get()]
        if not told:  # to one that is stopping already, a second signal means: at once
            tell(signal.SIGTERM)
        codes += [ended.get() for _ in children[1:]]
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    return next((_exit_code(code) for code in codes if code), 0)


def _exit_code(code: int) -> int:
    return 128 - code if code < 0 else code
