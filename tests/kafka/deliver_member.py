"""One deliver worker as a process of its own, to be killed: `python -m ... SETTINGS_AS_JSON`."""

import signal
import sys

from pipeline import app
from pipeline.config import Settings


def main() -> None:
    """Run until a signal comes."""
    worker = app.deliver(Settings.model_validate_json(sys.argv[1]))
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()


if __name__ == "__main__":
    main()
