"""How log lines are written: JSON on standard error, or for people on a terminal."""

import logging
import re
import sys
from collections.abc import Callable
from time import monotonic
from typing import TextIO

import structlog
from structlog.typing import Processor

LIBRDKAFKA = "librdkafka"
"""The logger that Kafka clients are given: `Consumer(config, logger=librdkafka())`."""

_QUIET_S = 10.0
"""How long a line of a Kafka client that has just been written is not written again."""

_KINDS_MAX = 1000

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(level: str, stream: TextIO | None = None) -> None:
    """Route every log line of the process, ours and those of libraries, to one stream.

    Args:
        level: `debug`, `info`, `warning` or `error`: less severe lines are dropped.
        stream: Standard error by default. A terminal gets lines for people.
    """
    stream = sys.stderr if stream is None else stream
    least = _LEVELS[level]
    structlog.configure(
        processors=[*_shared(), *_ends(stream)],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    _route_standard_library(stream, least)


def librdkafka() -> logging.Logger:
    """Give the logger for Kafka clients; it calls on poll, in the thread that polls."""
    return logging.getLogger(LIBRDKAFKA)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _ends(stream: TextIO) -> list[Processor]:
    if stream.isatty():
        # The other formatters print local variables, which may hold secrets and contacts.
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=True, exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _route_standard_library(stream: TextIO, least: int) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shared(), structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_ends(stream)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(least, logging.WARNING))
    librdkafka().setLevel(least)
    librdkafka().filters[:] = [Once()]


class Once(logging.Filter):
    """Passes equal lines once in a while: a client without a broker says the same all the time."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._written: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is to be written."""
        return self.passes(record.getMessage())

    def passes(self, text: str) -> bool:
        """Whether a text is to be written; digits in it make no difference."""
        now = self._clock()
        kind = re.sub(r"\d+", "", text)
        if now - self._written.get(kind, -_QUIET_S) < _QUIET_S:
            return False
        if len(self._written) >= _KINDS_MAX:
            self._written.clear()
        self._written[kind] = now
        return True
