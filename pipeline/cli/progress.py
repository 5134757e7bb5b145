"""How far a command has come: over the lines of a file, or the offsets of a topic."""

from collections.abc import Callable, Iterator
from time import monotonic
from typing import BinaryIO

import click

_STEP_BYTES = 65_536


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Read lines; on a terminal, and where the size is known, with a progress bar on stderr."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not (file.seekable() and console.is_terminal):
        yield from file
        return
    total = file.seek(0, 2)
    file.seek(0)
    with Progress(console=console, transient=True) as progress:
        task, done = progress.add_task("reading", total=total), 0
        for line in file:
            yield line
            done += len(line)
            if done >= _STEP_BYTES:
                progress.advance(task, done)
                done = 0


def offsets_told(every_s: float = 2.0) -> Callable[[int, int], None]:
    """Say on stderr how far reading has come, where it takes more than a moment."""
    said_at = monotonic()

    def told(done: int, of: int) -> None:
        nonlocal said_at
        if monotonic() - said_at >= every_s:
            said_at = monotonic()
            click.echo(f"read {done:,} of {of:,} offsets", err=True)

    return told
