"""Releases that are still to come: the program of an image, changed as its developers would.

The first that brings a version of state, or a schema of what is owed, reads it and still writes the
one before; the second writes it.
"""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from pipeline.commerce import schemas
from pipeline.record import Record
from tests.chart.dockerfile import Stage

_OWED: Final = "stream.OwedOrder"
_FIELD: Final = {"name": "note", "type": "string", "default": ""}


class Edit(NamedTuple):
    """One change of one file of the program."""

    file: str
    old: str
    """Stands there once."""
    new: str


_ERASED: Final = "    erased: bool = False\n"
_READS: Final = "= {1: _read}"
_BRINGS: Final = (
    Edit("orders/guest.py", _ERASED, f'{_ERASED}    note: str = "of version 2"\n'),
    Edit("orders/turn.py", "        ) = guest\n", "            _,\n        ) = guest\n"),
    Edit("sitecore/delivery.py", _ERASED, f'{_ERASED}    note: str = "of version 2"\n'),
    Edit(
        "sitecore/owed.py",
        '    """Extension data of the order."""\n',
        '    """Extension data of the order."""\n    note: str = ""\n',
    ),
    Edit("assemble/state.py", _READS, "= {1: _read, 2: _read}"),
    Edit("deliver/ledger_state.py", _READS, "= {1: _read, 2: _read}"),
)
"""A field more, which comes last, in both states and in an order that is owed."""
NEXT: Final = (
    *_BRINGS,
    Edit("assemble/state.py", "_encoder.encode(guest)", "_encoder.encode(guest[:-1])"),
    Edit("deliver/ledger_state.py", "_encoder.encode(delivery)", "_encoder.encode(delivery[:-1])"),
)
"""Reads both versions, writes the first."""
LAST: Final = (
    *_BRINGS,
    Edit("assemble/state.py", "VERSION: Final = 1\n", "VERSION: Final = 2\n"),
    Edit("deliver/ledger_state.py", "VERSION: Final = 1\n", "VERSION: Final = 2\n"),
    Edit("commerce/schemas.py", "WRITTEN_RELEASE = 1\n", "WRITTEN_RELEASE = 2\n"),
)
"""Reads both versions, writes the second."""


def released(image: Stage, folder: Path, edits: Iterable[Edit]) -> Stage:
    """Make the image of a later release; it shares with this one what is the same."""
    shutil.copytree(image.folder, folder, symlinks=True, copy_function=os.link)
    (package,) = folder.glob("opt/pipeline/lib/*/site-packages/pipeline")
    for edit in edits:
        file = package / edit.file
        text = file.read_text()
        assert text.count(edit.old) == 1, f"{edit.file} has not one {edit.old!r}"
        _write(file, text.replace(edit.old, edit.new))
    _bring_schema(package / "_avro")
    return replace(image, folder=folder)


def as_today(record: Record) -> Record:
    """Give what is owed by the later schema as this program would have written it."""
    value = record.value or b""
    if value[:2] != b"\xc3\x01" or value[2:10] in schemas.known():
        return record
    assert value.endswith(b"\0"), "the field that comes last is not empty"
    return replace(record, value=schemas.current()[_OWED].header + value[10:-1])


def _bring_schema(avro: Path) -> None:
    """Add the field to the schema, and release it."""
    file = avro / f"{_OWED.replace('.', '/')}.avsc"
    schema = json.loads(file.read_text())
    schema["fields"].append(_FIELD)
    _write(file, json.dumps(schema))
    for space in ("commerce", "stream"):
        shutil.copytree(avro / space, avro / "released" / "2" / space)


def _write(file: Path, text: str) -> None:
    """Write a file anew, beside the one that it shares with the image; the compiled one goes."""
    file.unlink()
    file.write_text(text)
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
        compiled.unlink()
