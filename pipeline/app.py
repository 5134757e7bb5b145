"""Puts each worker together from the settings: here alone adapters are made.

What a worker needs is imported when it is made: its process holds and counts nothing of the other.
"""

import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from pipeline.config import Settings, SitecoreSettings
from pipeline.errors import ConfigError
from pipeline.policies import delivery_policy, order_policy

if TYPE_CHECKING:
    from pipeline.assemble.worker import AssembleWorker
    from pipeline.commerce.decode import SchemaSource
    from pipeline.deliver.service import DeliverWorker
    from pipeline.rekey.worker import RekeyWorker
    from pipeline.sitecore.client import ClientKey, StreamApi
    from pipeline.sitecore.http_port import HttpPort, HttpSettings

CONNECT_S = 5.0
"""For name, connection and TLS; never more than half of a request's whole time."""


class Worker(Protocol):
    """What runs until it is stopped, and can be asked how it is."""

    def run(self) -> None:
        """Work until stopped; raises what ends the process."""

    def stop(self) -> None:
        """Let `run` end in order; from any thread, or a signal handler."""

    def alive(self) -> bool:
        """Whether its loop has turned lately."""

    def ready(self) -> bool:
        """Whether it does its work."""


def worker(name: str, settings: Settings) -> Worker:
    """Put the worker of that name together.

    Raises:
        ConfigError: The settings are not enough for it, or wrong.
    """
    from pipeline.kafka import properties

    properties.check(settings.kafka)
    return _WORKERS[name](settings)


def instance(settings: Settings) -> str:
    """Name this process among those of its group, the same after a restart."""
    return settings.instance or socket.gethostname()


def assemble(settings: Settings) -> "AssembleWorker":
    """Put the worker together that decides what is owed.

    Raises:
        ConfigError: The settings are not enough for it, or wrong.
    """
    from pipeline.assemble.kafka_log import KafkaLog
    from pipeline.assemble.worker import AssembleWorker
    from pipeline.commerce.decode import Decoder

    log = KafkaLog(
        settings.kafka,
        settings.topics,
        application=settings.application,
        instance=instance(settings),
    )
    decode = Decoder(schemas(settings)).decode
    return AssembleWorker(log, settings.assemble, decode=decode, policy=order_policy(settings))


def deliver(settings: Settings) -> "DeliverWorker":
    """Put the worker together that sends what is owed.

    Raises:
        ConfigError: The settings are not enough for it, or wrong.
    """
    from pipeline.deliver.kafka_thread import KafkaThread
    from pipeline.deliver.service import DeliverWorker

    kafka = KafkaThread(
        settings.kafka,
        settings.topics,
        application=settings.application,
        drain_s=settings.deliver.drain_s,
        instance=instance(settings),
    )
    api, policy = stream_api(settings), delivery_policy(settings)
    return DeliverWorker(kafka, settings.deliver, api=api, policy=policy)


def rekey(settings: Settings) -> "RekeyWorker":
    """Put the worker together that brings records to where their guests' records lie.

    Raises:
        ConfigError: The settings are not enough for it, or wrong.
    """
    from pipeline.assemble.kafka_log import KafkaLog
    from pipeline.commerce.decode import Decoder
    from pipeline.kafka.placement import partition_of
    from pipeline.rekey.inputs import REKEY
    from pipeline.rekey.worker import RekeyWorker

    if settings.rekey is None:
        raise ConfigError("there is no section `rekey`: name its `sources` and its `target`")
    names = {"commerce": settings.rekey.sources, "stream_events": settings.rekey.target}
    log = KafkaLog(
        settings.kafka,
        settings.topics.model_copy(update=names),
        application=settings.application,
        instance=instance(settings),
        role=REKEY,
    )
    decoder = Decoder(schemas(settings))
    return RekeyWorker(
        log,
        settings.rekey,
        guest_of=lambda record: decoder.event(record).guest_id,
        partition_of=partition_of(settings.kafka.partitioner),
    )


def schemas(settings: Settings) -> "SchemaSource":
    """Find where writers' schemas are told; without a registry, those shipped are all.

    Raises:
        ConfigError: The registry's address or its authority's file is wrong.
    """
    if settings.registry is None:
        from pipeline.commerce.decode import NoRegistry

        return NoRegistry()
    from pipeline.kafka.registry import connect

    return connect(settings.registry)


def stream_api(settings: Settings) -> "StreamApi":
    """Put the client of the Stream API together.

    Raises:
        ConfigError: There is no client key, or a certificate or the proxy is wrong.
    """
    from pipeline.sitecore.client import StreamApi

    sitecore = settings.sitecore
    return StreamApi(
        _http(settings),
        key=client_key(sitecore),
        form=sitecore.wire_form,
        mark=sitecore.mark_requests,
    )


def client_key(sitecore: SitecoreSettings) -> "ClientKey":
    """Find the client key.

    Raises:
        ConfigError: There is none.
    """
    from pipeline.sitecore.client import ClientKey

    return ClientKey(key=sitecore.client_key, file=sitecore.client_key_file)


def http_settings(settings: Settings) -> "HttpSettings":
    """Say how to reach the Stream API."""
    from pipeline.sitecore.http_port import HttpSettings

    sitecore, total_s = settings.sitecore, settings.deliver.request_timeout_s
    return HttpSettings(
        str(sitecore.endpoint),
        total_timeout_s=total_s,
        connect_timeout_s=min(CONNECT_S, total_s / 2),
        connections_max=settings.deliver.in_flight_max,
        ca_file=sitecore.ca_file,
        certificate_file=sitecore.certificate_file,
        key_file=sitecore.certificate_key_file,
        proxy=None if sitecore.proxy is None else str(sitecore.proxy),
    )


def _http(settings: Settings) -> "HttpPort":
    match settings.sitecore.http:
        case "httptools":
            from pipeline.sitecore.http_tools import ToolsHttp

            return ToolsHttp(http_settings(settings))
        case "httpx":
            from pipeline.sitecore.http_httpx import HttpxHttp

            return HttpxHttp(http_settings(settings))


_WORKERS: Mapping[str, Callable[[Settings], Worker]] = {
    "assemble": assemble,
    "deliver": deliver,
    "rekey": rekey,
}
