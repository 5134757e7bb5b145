"""The limit of a container counts, where it is less than what the machine has."""

from pathlib import Path

from pipeline.memory import limit_bytes


def test_a_container_s_limit_is_found(tmp_path: Path) -> None:
    """Kubernetes writes it where the kernel reads it."""
    limit = tmp_path / "memory.max"
    limit.write_text("268435456\n")

    assert limit_bytes((tmp_path / "absent", limit)) == 268_435_456


def test_without_a_limit_it_is_what_the_machine_has(tmp_path: Path) -> None:
    """Version 2 writes a word, version 1 a number beyond all machines."""
    (tmp_path / "two").write_text("max\n")
    (tmp_path / "one").write_text("9223372036854771712\n")

    assert limit_bytes((tmp_path / "two", tmp_path / "one")) == limit_bytes(()) > 1 << 20
