"""Which commit is the one that was asked for last."""

from collections.abc import Iterable


class Asked:
    """Names every commit, so that an answer tells which one it answers.

    An answer that lay unread while the process was frozen proves nothing about now, and offsets
    do not tell it from that of a later commit when nothing has moved.
    """

    __slots__ = ("_count", "_name")

    def __init__(self) -> None:
        self._count = 0
        self._name: str | None = None

    def next(self) -> str:
        """Name a commit, to be sent as its metadata; answers to earlier ones count no more."""
        self._count += 1
        self._name = f"commit {self._count}"
        return self._name

    def answered(self, metadata: Iterable[str | None]) -> bool:
        """Whether an answer with these is that of the commit asked for last; only the first is."""
        answers = self._name is not None and set(metadata) == {self._name}
        if answers:
            self._name = None
        return answers
