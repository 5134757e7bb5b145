"""Writes the boards: `python -m dashboards helm/files/dashboards`."""

import sys
from pathlib import Path
from typing import Final

from dashboards import consumer, delivery, overview, runtime
from dashboards.grafana import written

BOARDS: Final = (overview.BOARD, delivery.BOARD, consumer.BOARD, runtime.BOARD)


def main(folder: Path) -> None:
    """Write each board into a file of its uid."""
    for board in BOARDS:
        (folder / f"{board.uid}.json").write_text(written(board))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
