"""Puts each worker together from the settings: here alone adapters are made."""

import socket
from collections.abc import Callable, Mapping
from typing import Protocol

from pipeline.assemble.kafka_log import KafkaLog
from pipeline.assemble.worker import AssembleWorker
from pipeline.commerce.decode import Decoder, NoRegistry, SchemaSource
from pipeline.config import Settings, SitecoreSettings
from pipeline.deliver.kafka_thread import KafkaThread
from pipeline.deliver.service import DeliverWorker
from pipeline.kafka import registry
from pipeline.policies import delivery_policy, order_policy
from pipeline.sitecore.client import ClientKey, StreamApi
from pipeline.sitecore.http_httpx import HttpxHttp
from pipeline.sitecore.http_port import HttpPort, HttpSettings
from pipeline.sitecore.http_pyreqwest import PyreqwestHttp

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
    """Put the worker of that name together."""
    return _WORKERS[name](settings)


def assemble(settings: Settings) -> AssembleWorker:
    """Put the worker together that decides what is owed.

    Raises:
        ConfigError: The settings are not enough for it, or wrong.
    """
    log = KafkaLog(
        settings.kafka,
        settings.topics,
        application=settings.application,
        instance=settings.instance or socket.gethostname(),
    )
    decoder = Decoder(schemas(settings))
    return AssembleWorker(
        log, settings.assemble, decode=decoder.decode, policy=order_policy(settings)
    )


def schemas(settings: Settings) -> SchemaSource:
    """Find where writers' schemas are told; without a registry, those shipped are all.

    Raises:
        ConfigError: The registry's address or its authority's file is wrong.
    """
    return NoRegistry() if settings.registry is None else registry.connect(settings.registry)


def deliver(settings: Settings) -> DeliverWorker:
    """Put the worker together that sends what is owed.

    Raises:
        ConfigError: The settings are not enough for it, or wrong.
    """
    kafka = KafkaThread(
        settings.kafka,
        settings.topics,
        application=settings.application,
        drain_s=settings.deliver.drain_s,
    )
    return DeliverWorker(
        kafka, settings.deliver, api=stream_api(settings), policy=delivery_policy(settings)
    )


def stream_api(settings: Settings) -> StreamApi:
    """Put the client of the Stream API together.

    Raises:
        ConfigError: There is no client key, or a certificate or the proxy is wrong.
    """
    sitecore = settings.sitecore
    return StreamApi(
        _HTTP[sitecore.http](http_settings(settings)),
        key=client_key(sitecore),
        form=sitecore.wire_form,
        mark=sitecore.mark_requests,
    )


def client_key(sitecore: SitecoreSettings) -> ClientKey:
    """Find the client key.

    Raises:
        ConfigError: There is none.
    """
    return ClientKey(key=sitecore.client_key, file=sitecore.client_key_file)


def http_settings(settings: Settings) -> HttpSettings:
    """Say how to reach the Stream API."""
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


_WORKERS: Mapping[str, Callable[[Settings], Worker]] = {"assemble": assemble, "deliver": deliver}
_HTTP: Mapping[str, Callable[[HttpSettings], HttpPort]] = {
    "pyreqwest": PyreqwestHttp,
    "httpx": HttpxHttp,
}
