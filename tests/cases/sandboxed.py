"""The sandbox as what answers an installation's requests, on the installation's clock."""

from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from pipeline.record import Instant
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.sandbox import Ending, Sandbox
from pipeline.sandbox.settings import SandboxSettings
from pipeline.sandbox.wire import Call, Endpoint
from pipeline.sitecore.http_request import HttpRequest
from pipeline.sitecore.outcome import NoAnswer, Reply
from tests.fakes import http_answer

_ENDPOINTS: dict[str, Endpoint] = {
    "/v1.2/events": "event/post",
    "/v1.2/event/create.json": "event/get",
    "/v1.2/browser/create.json": "browser/create",
}
_REFS = UUID(int=9)


class Sandboxed:
    """Answers requests as the sandbox does."""

    def __init__(
        self, settings: SandboxSettings, clock: Callable[[], Instant], faults: Faults
    ) -> None:
        self._refs = 0
        self.sandbox = Sandbox(settings, clock, faults=faults, new_ref=self._new_ref)

    def __call__(self, request: HttpRequest) -> Reply:
        """Hand a request over, and give what would come back."""
        parts = urlsplit(request.path)
        headers = dict(request.headers)
        handled = self.sandbox.handle(
            Call(
                _ENDPOINTS[parts.path],
                parts.query,
                request.body or b"",
                headers.get("Content-Type", ""),
                delivery_id=headers.get("X-Delivery-Id"),
                possible_repeat="X-Possible-Repeat" in headers,
            )
        )
        if handled.ending is not Ending.ANSWER:
            return NoAnswer(handled.ending.value)
        after = handled.reply.retry_after_s
        extra = () if after is None else (("retry-after", str(after)),)
        return http_answer(handled.reply.status, handled.reply.body, extra)

    def _new_ref(self) -> str:
        self._refs += 1
        return str(uuid5(_REFS, str(self._refs)))
