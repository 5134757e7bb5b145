"""A progress bar over the lines of a file."""

from collections.abc import Iterator
from typing import BinaryIO

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
