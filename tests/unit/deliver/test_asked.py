"""An answer says which commit it is for."""

import pytest

from pipeline.deliver.asked import name_of, number_of


def test_an_answer_names_its_commit() -> None:
    """It may have lain there while the process was frozen and its partitions went to another."""
    assert number_of([name_of(7), name_of(7)]) == 7


@pytest.mark.parametrize("metadata", [[], [None], [""], ["released"], [name_of(1), name_of(2)]])
def test_nothing_else_speaks_for_a_commit(metadata: list[str | None]) -> None:
    """The commit of a release is answered, too."""
    assert number_of(metadata) == 0
