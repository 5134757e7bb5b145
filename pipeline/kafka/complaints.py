"""What Kafka's clients complain of, and which setting to look at.

Why a connection fails they tell to no call: it comes by a callback, in words of their own.
"""

import re
from collections.abc import Iterable
from typing import Final

_REASONS_MAX: Final = 3
_NOBODY: Final = "brokers are down"

_USER: Final = "`sasl.username` in `kafka.client` and `sasl.password` in `kafka.secrets`"
_CLIENT: Final = (
    "`sasl.oauthbearer.client.id` and `sasl.oauthbearer.token.endpoint.url` in `kafka.client`, "
    "`sasl.oauthbearer.client.secret` in `kafka.secrets`"
)
_BELIEVED: Final = (
    "`sasl.oauthbearer.scope` in `kafka.client`, and whether the brokers trust who issues tokens"
)
_MECHANISM: Final = "`sasl.mechanism` in `kafka.client`"
_ISSUER_CA: Final = "`https.ca.location` in `kafka.client`"
_BROKER_CA: Final = (
    "`ssl.ca.location` in `kafka.client`, and whether the broker's certificate is of the name in "
    "`kafka.bootstrap_servers` and has not expired"
)
_CERTIFICATE: Final = (
    "`ssl.certificate.location` and `ssl.key.location` in `kafka.client`: the broker wants a "
    "certificate that has not expired, of an authority that it trusts"
)
_PROTOCOL: Final = (
    "`security.protocol` in `kafka.client`, and the port in `kafka.bootstrap_servers`"
)
_SILENCE: Final = (
    "`security.protocol` in `kafka.client`, if nothing else was said: a listener for TLS or SASL "
    "ends a plain connection without a word"
)

_RULES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), setting)
    for pattern, setting in (
        ("token: .*certificate", _ISSUER_CA),
        ("acquire sasl oauthbearer token", _CLIENT),
        ("invalid_token", _BELIEVED),
        ("unsupported sasl mechanism", _MECHANISM),
        ("sasl .*authentication (error|fail)", _USER),
        ("certificate verify failed", _BROKER_CA),
        ("alert .*certificate|alert unknown ca|client ssl authentication might", _CERTIFICATE),
        ("plaintext broker listener|incorrect security.protocol|wrong version", _PROTOCOL),
        ("failed to resolve", "`kafka.bootstrap_servers`"),
        ("connect to .* failed", "`kafka.bootstrap_servers` and the network"),
        (_NOBODY, _SILENCE),
    )
)
"""The first that holds decides; the words are librdkafka's and the brokers'."""


def brief(text: str) -> str:
    """What a complaint says, without the address and the time, so that equal ones are equal."""
    return re.sub(r"^\S+://\S+: | \(after \d+ms in state \w+\)", "", text)


def look_at(text: str) -> str | None:
    """Name the settings that a complaint is about; None: it is about no setting."""
    return next((setting for rule, setting in _RULES if rule.search(text)), None)


def reasons(texts: Iterable[str]) -> list[str]:
    """Say what complaints are about, each setting once, and what to look at.

    That no broker is left is said only where nothing else was.
    """
    by_setting: dict[str, str] = {}
    for text in texts:
        if (setting := look_at(text)) is not None:
            by_setting.setdefault(setting, f"{brief(text)}; look at {setting}")
    said = list(by_setting.values())
    return [each for each in said if _NOBODY not in each][:_REASONS_MAX] or said
