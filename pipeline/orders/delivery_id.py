"""The name of one thing owed: the same whenever it is decided again."""

from hashlib import sha1
from uuid import UUID

from pipeline.sitecore.owed import DeliveryId

_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""RFC 4122 fixes the two high bits of the digit after the version."""


def delivery_id(application: UUID, cause: str, index: int) -> DeliveryId:
    """Make a UUID of version 5 from what caused something and which of its effects it is.

    Equal to ``uuid5(application, f"{cause}:{index}")``, in less than half its
    time: one is made for every message.
    """
    name = f"{cause}:{index}".encode("utf-8", "surrogatepass")
    text = sha1(application.bytes + name, usedforsecurity=False).hexdigest()
    return DeliveryId(
        f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"
    )
