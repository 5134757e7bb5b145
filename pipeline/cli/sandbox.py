"""`pipeline sandbox`: a Stream API to try things on."""

import asyncio
import signal
from typing import Any

import click

from pipeline.errors import UnavailableError
from pipeline.sandbox.faults import Faults, checked
from pipeline.sandbox.running import new_event_loop, wall_clock
from pipeline.sandbox.sandbox import Sandbox
from pipeline.sandbox.server import serve
from pipeline.sandbox.settings import EXAMPLE_BROWSER_ID, EXAMPLE_SHOP, SandboxSettings, Shop

_FAULTS = (
    *("latency_ms", "jitter_ms", "fail_before", "fail_after", "fail_status", "cut", "hang"),
    *("hang_s", "limit_per_s", "retry_after_s", "unauthorized_for_s"),
)
_CHANCE = click.FloatRange(0, 1)
_DURATION = click.FloatRange(min=0)

_STARTED = """\
Stream API sandbox at {url}, client key {key}; points of sale: {shops}

  curl '{url}/v1.2/browser/create.json?client_key={key}&message=%7B%7D'
  curl {url}/v1.2/events -H 'Content-Type: application/json' \\
    -d '{{"client_key":"{key}","type":"VIEW","channel":"WEB","currency":"EUR",\
"pos":"{shop}","browser_id":"{browser_id}"}}'
  curl {url}/sandbox/guests/{browser_id}
  curl {url}/sandbox/orders     # also unseen, requests, summary
  curl {url}/sandbox/faults -d '{{"fail_after": 0.1}}'

Ctrl-C ends it."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="Port; 0 takes any free one.")
@click.option("--client-key", default="demo", show_default=True, help="The right client key.")
@click.option(
    "--point-of-sale",
    "shops",
    multiple=True,
    default=(EXAMPLE_SHOP,),
    show_default=True,
    help="A point of sale that exists; repeat it for several.",
)
@click.option(
    "--data-model-2-0",
    "old_shops",
    metavar="POINT_OF_SALE",
    multiple=True,
    help="A point of sale that exists and has data model 2.0.",
)
@click.option(
    "--session-timeout-s",
    type=click.FloatRange(min=0, min_open=True),
    default=1200.0,
    show_default=True,
    help="Silence that ends a session.",
)
@click.option(
    "--identity-provider",
    "providers",
    multiple=True,
    help="Provider of an identity rule, most important first; without any, each has a rule.",
)
@click.option(
    "--item-type",
    "item_types",
    multiple=True,
    help="Item type that is declared for ORDER_CHECKOUT; without any, all are.",
)
@click.option(
    "--browser-id",
    "browser_ids",
    multiple=True,
    default=(EXAMPLE_BROWSER_ID,),
    show_default=True,
    help="A browser id that counts as issued.",
)
@click.option("--requests-kept", default=100_000, show_default=True, help="Length of the log.")
@click.option("--seed", default=1, show_default=True, help="Of chance, so that faults repeat.")
@click.option("--latency-ms", type=_DURATION, default=0.0, help="Mean delay of answers.")
@click.option("--jitter-ms", type=_DURATION, default=0.0, help="Most that delays differ from it.")
@click.option("--fail-before", type=_CHANCE, default=0.0, help="Chance of a 5xx, not taken.")
@click.option("--fail-after", type=_CHANCE, default=0.0, help="Chance of a 5xx, though taken.")
@click.option("--fail-status", type=click.IntRange(500, 599), default=502, help="Status of both.")
@click.option("--cut", type=_CHANCE, default=0.0, help="Chance of no answer, though taken.")
@click.option("--hang", type=_CHANCE, default=0.0, help="Chance of a long silence, not taken.")
@click.option("--hang-s", type=_DURATION, default=60.0, help="How long that silence lasts.")
@click.option("--limit-per-s", type=click.FloatRange(min=1), help="Rate above which 429 is said.")
@click.option("--retry-after-s", type=click.IntRange(min=0), default=1, help="Said with a 429.")
@click.option(
    "--refuse-item-type", "refuse_item_types", multiple=True, help="Item type answered 400."
)
@click.option(
    "--unauthorized-for-s", type=_DURATION, default=0.0, help="How long all keys are wrong."
)
def command(*, host: str, port: int, **options: Any) -> None:
    """Serve a Stream API that shows what Sitecore hides.

    It answers as Sitecore documents, and knows of each guest the carts, the orders, and why a
    message that was accepted will never be seen. Where the documentation is silent it takes the
    strictest view; a guest's JSON lists these assumptions. Everything is in memory.

    \b
    POST /v1.2/events                         one event, as Sitecore's library sends it
    GET  /v1.2/event/create.json              one event, as the direct HTTP pages say
    GET  /v1.2/browser/create.json            a new browser id
    GET  /v1.2/browser/ID/show.json           the guest behind a browser id
    GET  /sandbox/guests/ID                   sessions, carts, orders of a browser id's guest
    GET  /sandbox/orders                      every order
    GET  /sandbox/unseen                      accepted and never seen, with reasons
    GET  /sandbox/requests?after=0&texts=1    the newest requests, in order of arrival
    GET  /sandbox/summary                     counts
    POST /sandbox/faults                      change faults: names as these options, with _
    POST /sandbox/clock                       {"advance_s": 1200} lets time pass

    \b
    Example:
      pipeline sandbox --point-of-sale shop/paris --fail-after 0.02 --limit-per-s 500
    """
    try:
        faults = _faults(options)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    sandbox = Sandbox(_settings(options), wall_clock, faults=faults)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_until_told(sandbox, host, port))


def _settings(options: dict[str, Any]) -> SandboxSettings:
    shops = {name: Shop(options["session_timeout_s"]) for name in options["shops"]}
    old_shops = {name: Shop(options["session_timeout_s"], "2.0") for name in options["old_shops"]}
    return SandboxSettings(
        client_key=options["client_key"],
        shops={**shops, **old_shops},
        identity_providers=options["providers"] or None,
        item_types=frozenset(options["item_types"]) or None,
        browser_ids=options["browser_ids"],
        requests_kept=options["requests_kept"],
        seed=options["seed"],
    )


def _faults(options: dict[str, Any]) -> Faults:
    named = (*_FAULTS, "refuse_item_types")
    return checked({name: options[name] for name in named})


async def _until_told(sandbox: Sandbox, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        UnavailableError: The address cannot be listened on.
    """
    try:
        runner, actual = await serve(sandbox, host=host, port=port)
    except OSError as error:
        raise UnavailableError(
            f"cannot listen on {host}:{port}: {error.strerror}; try another --port"
        ) from error
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    click.echo(_started(sandbox, f"http://{host}:{actual}"))
    await told.wait()
    await runner.cleanup()
    click.echo(f"The sandbox took {sandbox.log.total} requests.", err=True)


def _started(sandbox: Sandbox, url: str) -> str:
    settings = sandbox.settings
    return _STARTED.format(
        url=url,
        key=settings.client_key,
        shops=", ".join(settings.shops),
        shop=next(iter(settings.shops)),
        browser_id=settings.browser_ids[0],
    )
