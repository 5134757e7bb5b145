"""The demo as a new user meets it."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_the_demo_adds_up() -> None:
    """It is the first thing that people see, and it checks itself."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "demo", "--guests", "60"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr + done.stdout
    assert "The numbers add up." in done.stdout
    assert "arrived at Sitecore" in done.stdout
