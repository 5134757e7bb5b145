"""A Kafka that asks who one is and what one may, and an identity provider that it believes.

One listener wants a client's certificate; the other takes SCRAM, PLAIN and tokens, over TLS. ACLs
decide what a user may, and who has none may nothing.
"""

import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from confluent_kafka.admin import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from tests.components.kafka import Extras, Kafka, Listener
from tests.components.process import free_port
from tests.components.tokens import Issuer
from tests.contract.certificates import Pair, authority, server_context, signed

_SCRAM_ITERATIONS: Final = 4096
"""The fewest that Kafka takes."""

_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"
_OAUTH: Final = "org.apache.kafka.common.security.oauthbearer"
_VALIDATOR: Final = f"{_OAUTH}.BrokerJwtValidator"
"""Looks at a token's signature, which what Kafka 4.1.1 takes by default does not."""

_ALLOWED: Final = "-Dorg.apache.kafka.sasl.oauthbearer.allowed"

_PROPERTIES: Final = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{super_user}
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
ssl.principal.mapping.rules=RULE:^CN=(.*)$/$1/
listener.name.tls.ssl.client.auth=required
listener.name.sasl.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN,OAUTHBEARER
listener.name.sasl.scram-sha-512.sasl.jaas.config={scram} required;
listener.name.sasl.plain.sasl.jaas.config={plain} required user_{super_user}="{password}";
listener.name.sasl.oauthbearer.sasl.jaas.config={oauth}.OAuthBearerLoginModule required;
listener.name.sasl.oauthbearer.sasl.server.callback.handler.class=\
{oauth}.OAuthBearerValidatorCallbackHandler
sasl.oauthbearer.jwks.endpoint.url={keys}
sasl.oauthbearer.jwt.validator.class={validator}
"""


class User(NamedTuple):
    """Who connects; to Kafka `User:NAME`, whatever tells it so."""

    name: str
    password: str


class Secured:
    """One broker; to be had by `running`."""

    def __init__(self, folder: Path) -> None:
        """Make certificates, users and the broker's settings."""
        self.folder = folder
        """Lives as long as the broker."""
        self.pipeline = User("pipeline", secrets.token_urlsafe(12))
        """May everything: by SCRAM, PLAIN, certificate and token."""
        self.authority = authority(folder)
        """Has signed the broker's certificate; signs those of clients."""
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(self.authority.certificate_pem)
        self.server = signed(self.authority, "server")
        """Certificate and key of the broker, and of whatever else serves here."""
        self.issuer = Issuer(
            folder, client_id=self.pipeline.name, client_secret=secrets.token_urlsafe(12)
        )
        tls, sasl = free_port(), free_port()
        self.tls = f"127.0.0.1:{tls}"
        """Where a certificate says who one is."""
        self.sasl = f"127.0.0.1:{sasl}"
        """Where a password or a token does, over TLS."""
        listeners = (Listener("TLS", "SSL", tls), Listener("SASL", "SASL_SSL", sasl))
        user = f"SCRAM-SHA-512=[name={self.pipeline.name},password={self.pipeline.password}]"
        extras = Extras(listeners, self._properties(), ("--add-scram", user))
        # Kafka reads keys only from where its Java is told that it may.
        allowed = f"{_ALLOWED}.urls={self._keys} {_ALLOWED}.files={self.issuer.keys}"
        self.kafka = Kafka(prefix=("env", f"JAVA_TOOL_OPTIONS={allowed}"), extras=extras)
        """The broker; its plain address is a super user's, for looking and for making ACLs."""

    def new_user(self) -> User:
        """Make a user of SCRAM whom nobody else has, and who may nothing."""
        user = User(f"user-{secrets.token_hex(4)}", secrets.token_urlsafe(12))
        how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _SCRAM_ITERATIONS)
        wanted = UserScramCredentialUpsertion(user.name, how, user.password.encode())
        asked = self.kafka.admin.alter_user_scram_credentials([wanted])
        asked[user.name].result(30)
        return user

    def scram(self, user: User) -> dict[str, Any]:
        """The section `kafka` of the settings of somebody with a password."""
        return self.by_password("SCRAM-SHA-512", user)

    def by_password(self, mechanism: str, user: User) -> dict[str, Any]:
        """The same with another mechanism."""
        who = {"sasl.mechanism": mechanism, "sasl.username": user.name}
        return self._section(self.sasl, "SASL_SSL", who, {"sasl.password": user.password})

    def by_certificate(self, pair: Pair | None) -> dict[str, Any]:
        """The section `kafka` of somebody with a certificate, or with none."""
        path = "" if pair is None else str(pair.path)
        own = {"ssl.certificate.location": path, "ssl.key.location": path} if path else {}
        return self._section(self.tls, "SSL", own, {})

    def by_token(self, secret: str, **more: str) -> dict[str, Any]:
        """The section `kafka` of somebody who gets a token for a secret."""
        own = {
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.client.id": self.issuer.client_id,
            "sasl.oauthbearer.token.endpoint.url": self.issuer.url,
            "https.ca.location": str(self.ca_file),
        }
        own |= {f"sasl.oauthbearer.{name}": value for name, value in more.items()}
        secret_ones = {"sasl.oauthbearer.client.secret": secret}
        return self._section(self.sasl, "SASL_SSL", own, secret_ones)

    def _section(
        self, bootstrap: str, protocol: str, own: dict[str, str], secret: dict[str, str]
    ) -> dict[str, Any]:
        client = {"security.protocol": protocol, "ssl.ca.location": str(self.ca_file), **own}
        return {"bootstrap_servers": bootstrap, "client": client, "secrets": secret}

    @property
    def _keys(self) -> str:
        return self.issuer.keys.as_uri()

    def _properties(self) -> str:
        return _PROPERTIES.format(
            super_user=self.pipeline.name,
            password=self.pipeline.password,
            keystore=self.server.path,
            ca=self.ca_file,
            scram=_SCRAM,
            plain=_PLAIN,
            oauth=_OAUTH,
            keys=self._keys,
            validator=_VALIDATOR,
        )


@contextlib.contextmanager
def running() -> Iterator[Secured]:
    """Run the broker and the identity provider until the block ends."""
    with tempfile.TemporaryDirectory(prefix="secured-") as name:
        secured = Secured(Path(name))
        try:
            with secured.issuer.serving(server_context(secured.server)):
                secured.kafka.start()
                yield secured
        finally:
            secured.kafka.close()
