"""`pipeline run`: one worker in this process, or all in children."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.cli.signals import Stop
    from pipeline.config import Settings

_EXAMPLE = """\b
Example:
  pipeline --config pipeline.example.yaml run

Without a worker's name assemble and deliver run, and rekey where its section is set, each in a
process of its own: assemble answers on `server.port`, deliver on the next one, rekey on the one
after. SIGTERM and Ctrl-C stop in order, a second one at once.
"""


@click.command(epilog=_EXAMPLE, short_help="Run assemble, deliver, rekey, or all of them.")
@click.argument("worker", type=click.Choice(["assemble", "deliver", "rekey"]), required=False)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Answer /livez, /readyz and /metrics here instead of on `server.port`; 0: any free port.",
)
@click.option("--with-parent", is_flag=True, hidden=True, help="Stop when standard input closes.")
@click.pass_context
def command(ctx: click.Context, worker: str | None, port: int | None, *, with_parent: bool) -> None:
    """Run assemble (decides what is owed), deliver (sends it), rekey (keys by guest), or all."""
    from pipeline.cli.signals import Stop, stopped_by_signals

    load_settings: Callable[[], Settings] = ctx.obj
    if worker is None:
        ctx.exit(_together(ctx, load_settings(), port))
    # Process 1 of a container does not hear a signal that it does not handle, so from here on.
    stop = Stop()
    with stopped_by_signals(stop):
        _one(load_settings(), worker, port, stop=stop, with_parent=with_parent)


def _one(
    settings: "Settings", name: str, port: int | None, *, stop: "Stop", with_parent: bool
) -> None:
    from pipeline import app, logs, metrics
    from pipeline.cli.signals import stop_with_parent
    from pipeline.kafka import permission
    from pipeline.side_door import SideDoor

    logs.configure(settings.log_level)
    metrics.started(name)
    worker = app.worker(name, settings)
    stop.reaches(worker.stop)
    if with_parent:
        stop_with_parent(worker.stop)
    port = settings.server.port if port is None else port
    door = SideDoor(settings.server.host, port, alive=worker.alive, ready=worker.ready)
    with door:
        if not stop.asked:
            if permission.is_asked_for(settings.kafka):
                permission.check(settings, name)
            with permission.named(settings, name):
                worker.run()


def _together(ctx: click.Context, settings: "Settings", port: int | None) -> int:
    from pipeline.cli.children import run_together

    names = ["assemble", "deliver", *(["rekey"] if settings.rekey else [])]
    port = settings.server.port if port is None else port
    config = ctx.find_root().params["config"]
    program = [sys.executable, "-m", "pipeline", *([] if config is None else ["--config", config])]
    return run_together(
        [
            [*map(str, program), "run", name, "--with-parent", "--port", str(port and port + nth)]
            for nth, name in enumerate(names)
        ]
    )
