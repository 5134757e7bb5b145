"""Everything that the settings name, tried one by one; nothing is changed and no event is sent."""

import http.client
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote

from pydantic import HttpUrl

from pipeline.config import Settings
from pipeline.errors import ConfigError, PipelineError, UnavailableError

TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one check."""

    name: str
    said: str
    """What was found; for one that failed also what to do."""
    exit_code: int = 0
    """0: all is well."""


Check = Callable[[Settings], str]
"""Says what was found, or raises a PipelineError that says what to do."""


def findings(
    settings: Settings, *, offline: bool = False, worker: str | None = None
) -> Iterator[Finding]:
    """Try everything, in the order in which it is needed.

    Args:
        settings: What is tried.
        offline: Without connecting.
        worker: Ask what this one may do, in place of comparing topics, which it may not.
    """
    failed: set[str] = set()
    outside = _OUTSIDE if worker is None else _of_worker(worker)
    for name, check in (_SETTINGS if offline else {**_SETTINGS, **outside}).items():
        found = _found(name, check, settings, failed)
        if found.exit_code:
            failed.add(name)
        yield found


def _found(name: str, check: Check, settings: Settings, failed: set[str]) -> Finding:
    needed = _NEEDS.get(name)
    if needed in failed:
        return Finding(name, f"not tried: {needed} failed", UnavailableError.exit_code)
    try:
        return Finding(name, check(settings))
    except PipelineError as error:
        return Finding(name, str(error), error.exit_code)


def _points_of_sale(settings: Settings) -> str:
    from pipeline.policies import order_policy

    names = order_policy(settings).points_of_sale
    return f"{len(names)}: {', '.join(names)}"


def _client_key(settings: Settings) -> str:
    from pipeline.app import client_key

    client_key(settings.sitecore)
    return f"from {settings.sitecore.client_key_file or 'the settings'}"


def _certificates(settings: Settings) -> str:
    from pipeline.app import http_settings
    from pipeline.kafka.registry import connect
    from pipeline.sitecore.http_tls import ssl_context

    ssl_context(http_settings(settings))
    if settings.registry is not None:
        connect(settings.registry).close()
    return "can be used"


def _properties(settings: Settings) -> str:
    from pipeline.kafka.properties import check

    check(settings.kafka)
    return "can be used"


def _kafka(settings: Settings) -> str:
    from confluent_kafka import KafkaError
    from confluent_kafka.admin import AdminClient

    from pipeline.kafka.clients import admin_config, without_secrets
    from pipeline.kafka.complaints import reasons
    from pipeline.kafka.topics import brokers

    complaints: list[KafkaError] = []
    config: dict[str, Any] = {**admin_config(settings.kafka), "error_cb": complaints.append}
    admin = AdminClient(config)
    try:
        count = brokers(admin, TIMEOUT_S)
    except UnavailableError as error:
        admin.poll(0)  # a client tells the reason, such as a wrong password, only here
        heard = [without_secrets(each.str(), settings.kafka) for each in complaints]
        raise UnavailableError("\n".join([str(error), *reasons(heard)])) from None
    return f"{count} broker{'s' * (count > 1)} at {settings.kafka.bootstrap_servers}"


def _topics(settings: Settings) -> str:
    from pipeline.kafka.permission import named
    from pipeline.kafka.topics import admin_client, compare

    with named(settings, "topics"):
        differences = compare(admin_client(settings.kafka), settings.topics)
    if differences:
        said = [str(difference) for difference in differences]
        raise ConfigError("\n".join([*said, "`pipeline topics create` makes what is missing"]))
    return "as they should be"


def _rights(settings: Settings, worker: str) -> str:
    from pipeline.kafka import permission

    if worker == "rekey" and settings.rekey is None:
        raise ConfigError("there is no section `rekey`: name its `sources` and its `target`")
    permission.check(settings, worker)
    return f"{worker} lacks none that can be asked for; transactional ids are tried at its start"


def _registry(settings: Settings) -> str:
    from pipeline.commerce.build import BUILDERS
    from pipeline.commerce.schemas import COMMERCE, current
    from pipeline.kafka.registry import State, connect

    if settings.registry is None:
        return "none: events are read by the schemas that come with the program"
    with connect(settings.registry) as registry:
        subjects = [registry.check(current()[f"{COMMERCE}.{name}"]) for name in BUILDERS]
    wrong = [f"{each.name} is {each.state}" for each in subjects if each.state != State.REGISTERED]
    if wrong:
        raise ConfigError("\n".join([*wrong, "`pipeline schemas register` puts them there"]))
    return f"{len(subjects)} schemas"


def destination(settings: Settings) -> str:
    """Connect, and end the connection before anything is asked."""
    host = settings.sitecore.endpoint.host
    connection = _connection(settings)
    try:
        connection.connect()
        found = connection.sock
        version = found.version() if isinstance(found, ssl.SSLSocket) else "without TLS"
    except ssl.SSLError as error:
        raise UnavailableError(
            f"{host}: no TLS: {error.reason}; look at `sitecore.endpoint` and `sitecore.ca_file`"
        ) from error
    except OSError as error:
        raise UnavailableError(
            f"{host}: {error.strerror or error}; "
            "look at `sitecore.endpoint`, `sitecore.proxy` and the network"
        ) from error
    finally:
        connection.close()
    return f"{host} answers, {version}"


def _connection(settings: Settings) -> http.client.HTTPConnection:
    """Make a connection to the endpoint; through the proxy, if there is one, with TLS inside."""
    from pipeline.app import http_settings
    from pipeline.sitecore.http_tls import ssl_context

    endpoint, proxy = settings.sitecore.endpoint, settings.sitecore.proxy
    first = proxy or endpoint
    host, port = str(first.host), first.port
    if "https" not in (endpoint.scheme, first.scheme):
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    context = ssl_context(http_settings(settings))
    connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
    if proxy is not None and proxy.scheme == "http":
        connection.set_tunnel(str(endpoint.host), endpoint.port, _credentials(proxy))
    return connection


def _credentials(proxy: HttpUrl) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


_SETTINGS: Mapping[str, Check] = {
    "points of sale": _points_of_sale,
    "client key": _client_key,
    "certificates": _certificates,
    "kafka client": _properties,
}
_OUTSIDE: Mapping[str, Check] = {
    "kafka": _kafka,
    "topics": _topics,
    "registry": _registry,
    "destination": destination,
}
_NEEDS: Mapping[str, str] = {"kafka": "kafka client", "topics": "kafka", "rights": "kafka"}


def _of_worker(worker: str) -> Mapping[str, Check]:
    rights: Check = partial(_rights, worker=worker)
    others = {name: check for name, check in _OUTSIDE.items() if name not in {"kafka", "topics"}}
    return {"kafka": _kafka, "rights": rights, **others}
