"""An identity provider on loopback: gives tokens to whoever knows a secret, as OAuth 2 has it."""

import base64
import contextlib
import json
import ssl
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.components.https import Answering, basic, serving

FORGED: Final = "forged"
"""Whoever asks for this scope gets a token that somebody else has signed."""

_KEY_ID: Final = "key-1"


class Issuer:
    """Signs tokens."""

    def __init__(self, folder: Path, *, client_id: str, client_secret: str) -> None:
        """Make a key, and write its public half where a broker reads it."""
        self.client_id, self.client_secret = client_id, client_secret
        self.keys = folder / "jwks.json"
        self.url = ""
        """Where tokens are given, while it serves."""
        self._key, self._other = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)
        )
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": _KEY_ID}
        key |= {"n": _number(numbers.n), "e": _number(numbers.e)}
        self.keys.write_text(json.dumps({"keys": [key]}))

    def token(self, scope: str = "") -> str:
        """Sign that the bearer is our client."""
        now = int(time.time())
        claims = {"sub": self.client_id, "iat": now, "exp": now + 300}
        parts = [_part({"alg": "RS256", "kid": _KEY_ID, "typ": "JWT"}), _part(claims)]
        signed = ".".join(parts).encode()
        key = self._other if scope == FORGED else self._key
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return ".".join([*parts, _text(signature)])

    @contextlib.contextmanager
    def serving(self, context: ssl.SSLContext) -> Iterator[None]:
        """Give tokens until the block ends."""
        with serving(partial(_Endpoint, self), context) as address:
            self.url = f"{address}/token"
            yield


class _Endpoint(Answering):
    def __init__(self, issuer: Issuer, *connection: Any) -> None:
        self._issuer = issuer
        super().__init__(*connection)

    def do_POST(self) -> None:  # noqa: N802 — the base's name
        asked = parse_qs(self.body().decode())
        known = basic(self._issuer.client_id, self._issuer.client_secret)
        if self.headers["Authorization"] != known:
            # What some providers do: tell a client what it sent.
            sent = base64.b64decode(self.headers["Authorization"].split()[1]).decode()
            self.answer(401, {"error": "invalid_client", "error_description": f"not {sent}"})
            return
        token = self._issuer.token(*asked.get("scope", []))
        self.answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": 300})


def _part(claims: dict[str, Any]) -> str:
    return _text(json.dumps(claims).encode())


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
