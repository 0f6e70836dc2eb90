"""Records: structure, digests, leaves. docs/format.md, "Record"."""

import hashlib
from dataclasses import dataclass

from blake3 import blake3

from fault import Fault

HEADER_LEN = 236
H0_LEN = 172
PLAIN_LEN_MAX = 4096
SEALED_OVERHEAD = 48
HISTORY_PLAINTEXT_MAX = 64 * 1024
SECRET_PLAINTEXT_MAX = 5 * 1024 * 1024


def padme(length: int) -> int:
    exponent = length.bit_length() - 1
    bits = exponent.bit_length()
    mask = (1 << (exponent - bits)) - 1
    return (length + mask) & ~mask


HISTORY_LEN_MAX = HISTORY_PLAINTEXT_MAX + SEALED_OVERHEAD
SECRET_LEN_MAX = padme(SECRET_PLAINTEXT_MAX) + SEALED_OVERHEAD
RECORD_LEN_MIN = HEADER_LEN + 112
RECORD_LEN_MAX = HEADER_LEN + PLAIN_LEN_MAX + HISTORY_LEN_MAX + SECRET_LEN_MAX


@dataclass
class Record:
    """A record whose structure is that of the format."""

    header: bytes
    category: int
    stream_id: bytes
    stream_version: int
    event_id: bytes
    recorded_at_us: int
    type_code: int
    schema: int
    plain_digest: bytes
    epoch: int
    history_nonce: bytes
    secret_key_id: bytes
    secret_nonce: bytes
    secret_digest: bytes
    history_digest: bytes
    plain: bytes | None
    history: bytes
    secret: bytes | None

    def h0(self) -> bytes:
        return self.header[:H0_LEN]

    def check_digests(self) -> None:
        """Compares the digests in the header with the bytes of the parts."""
        parts = [
            ("plain", self.plain, self.plain_digest),
            ("history", self.history, self.history_digest),
            ("secret", self.secret, self.secret_digest),
        ]
        for name, part, digest in parts:
            if part is not None and blake3(part).digest() != digest:
                raise Fault("digest", f"the digest of the {name} part does not match its bytes")

    def leaf(self) -> bytes:
        return hashlib.sha256(b"\x00" + self.header).digest()


def parse(data: bytes) -> Record:
    """Reads a whole record; anything but its one form is a fault."""

    def require(holds: bool, otherwise: str) -> None:
        if not holds:
            raise Fault("structure", otherwise)

    def number(offset: int, size: int) -> int:
        return int.from_bytes(data[offset : offset + size], "big")

    require(len(data) >= HEADER_LEN, "too short for a header")
    require(data[:4] == b"SRLR", "does not begin with SRLR")
    require(data[4] == 1, f"format version {data[4]} is not known")
    flags = data[5]
    require(flags & ~3 == 0, "unknown flags")

    category, type_code = number(6, 2), number(56, 2)
    event_id, recorded_at_us = data[32:48], number(48, 8)
    require(category <= 255, "stream category above 255")
    require(number(24, 8) >= 1, "stream version 0")
    require(is_event_id(event_id, recorded_at_us), "the event id is not a UUIDv7 of the record's time")
    require(type_code >> 8 == category, "the type code is of another category")
    require(number(58, 2) >= 1, "schema version 0")

    plain_len, history_len, secret_len = number(60, 4), number(124, 4), number(168, 4)
    require((plain_len != 0) == bool(flags & 1) and plain_len <= PLAIN_LEN_MAX, "plain length")
    require(bool(flags & 1) or data[64:96] == bytes(32), "a plain digest without a plain part")
    require(number(96, 4) >= 1, "history epoch 0")
    require(is_history_len(history_len), "history length")
    if flags & 2:
        require(is_secret_len(secret_len), "secret length")
    else:
        require(data[128:204] == bytes(76), "secret fields without a secret part")

    history_at = HEADER_LEN + plain_len
    secret_at = history_at + history_len
    require(len(data) == secret_at + secret_len, "the header says another length")
    return Record(
        header=data[:HEADER_LEN],
        category=category,
        stream_id=data[8:24],
        stream_version=number(24, 8),
        event_id=event_id,
        recorded_at_us=recorded_at_us,
        type_code=type_code,
        schema=number(58, 2),
        plain_digest=data[64:96],
        epoch=number(96, 4),
        history_nonce=data[100:124],
        secret_key_id=data[128:144],
        secret_nonce=data[144:168],
        secret_digest=data[172:204],
        history_digest=data[204:236],
        plain=data[HEADER_LEN:history_at] if flags & 1 else None,
        history=data[history_at:secret_at],
        secret=data[secret_at:] if flags & 2 else None,
    )


def is_event_id(event_id: bytes, recorded_at_us: int) -> bool:
    millis = int.from_bytes(event_id[:6], "big")
    return millis == recorded_at_us // 1000 and event_id[6] >> 4 == 7 and event_id[8] >> 6 == 0b10


def is_history_len(length: int) -> bool:
    return 112 <= length <= HISTORY_LEN_MAX and (length - SEALED_OVERHEAD) % 64 == 0


def is_secret_len(length: int) -> bool:
    padded = length - SEALED_OVERHEAD
    return 256 <= padded and length <= SECRET_LEN_MAX and padme(padded) == padded
