"""The `pipeline` command."""

import click


@click.group()
def main() -> None:
    """Carry commerce orders from Kafka into Sitecore CDP."""
