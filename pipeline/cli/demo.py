"""`pipeline demo`: a shop's day, from commerce events to orders."""

import click

_EXAMPLE = """\b
Example:
  pipeline demo --guests 100

Everything runs in this process and its children: an embedded broker, a sandbox in Sitecore's
place, and both workers. It ends with a table whose numbers must add up; exit code 70 says that
they do not.
"""


@click.command(epilog=_EXAMPLE, short_help="Run a shop's day.")
@click.option(
    "--guests",
    type=click.IntRange(1, 2000),
    default=300,
    show_default=True,
    help="Guests.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another day.")
def command(guests: int, seed: int) -> None:
    """Run a shop's day on an embedded broker and a sandbox, in under a minute."""
    from pipeline.demo.run import run

    run(guests, seed)
