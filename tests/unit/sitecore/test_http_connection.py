"""What a closed connection leaves behind."""

import gc

from pipeline.sitecore.http_connection import Connection
from pipeline.sitecore.outcome import Answer
from tests.contract.adapters import event, opened, run
from tests.contract.loopback import OK, HangupError, listening, says


def _connections() -> int:
    return sum(isinstance(one, Connection) for one in gc.get_objects())


def test_a_closed_connection_is_forgotten_at_once() -> None:
    """The worker looks for cycles so seldom that thousands of connections would gather."""

    async def scenario() -> int:
        async with (
            listening(says(OK, HangupError)) as server,
            opened("httptools", server.endpoint) as http,
        ):
            for number in range(5):
                assert isinstance(await http.send(event(str(number))), Answer)
            return _connections() - before

    gc.collect()
    gc.disable()
    try:
        before = _connections()
        left = run(scenario())
    finally:
        gc.enable()

    # The last one may still be open.
    assert left <= 1
