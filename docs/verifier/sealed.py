"""Sealed parts and rows, for those who hold keys. docs/format.md, "Sealed parts", "Maps", "Keys"."""

import re

import msgpack
from blake3 import blake3
from nacl import bindings
from nacl.exceptions import CryptoError

from fault import Fault
from record import Record, padme

HISTORY, SECRET, WRAPPED_KEY, ROW = b"\x01", b"\x02", b"\x03", b"\x04"
KEY = re.compile(r"[a-z]{1,3}")
DEPTH_MAX = 16


def keyed(key: bytes, data: bytes) -> bytes:
    return blake3(data, key=key).digest()


def derive(context: str, data: bytes) -> bytes:
    return blake3(data, derive_key_context=context).digest()


def commitment(key: bytes) -> bytes:
    """Of a derived key: stands before what is sealed with it."""
    return derive("strongroom v1 commit", key)


def epoch_commitment(epoch_key: bytes) -> bytes:
    """Of an epoch key: stands in a plain part."""
    return derive("strongroom v1 epoch commit", epoch_key)


def decrypt(key: bytes, nonce: bytes, associated: bytes, sealed: bytes) -> bytes:
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, associated, nonce, key)
    except CryptoError:
        raise Fault("open", "the sealed bytes were changed, or put in another place") from None


def open_committed(key: bytes, nonce: bytes, associated: bytes, sealed: bytes) -> bytes:
    """Opens commitment ‖ ciphertext ‖ tag; the commitment comes first."""
    if sealed[:32] != commitment(key):
        raise Fault("commitment", "sealed with another key")
    return decrypt(key, nonce, associated, sealed[32:])


def open_history(record: Record, ledger_id: bytes, epoch_key: bytes) -> dict:
    """The map of a history part."""
    key = keyed(epoch_key, HISTORY + record.event_id)
    associated = HISTORY + ledger_id + record.h0() + record.secret_digest
    padded = open_committed(key, record.history_nonce, associated, record.history)
    return read_map(strip(padded, lambda length: -(-length // 64) * 64))


def check_event(opened: dict) -> None:
    """What the history part of every event has."""
    for name, kind in [("a", bytes), ("co", bytes), ("d", dict)]:
        if not isinstance(opened.get(name), kind):
            raise Fault("map", f"a history part without `{name}`")


def open_secret(record: Record, ledger_id: bytes, data_key: bytes) -> dict:
    """The map of a secret part."""
    key = keyed(data_key, SECRET + record.event_id)
    associated = SECRET + ledger_id + record.h0()
    padded = open_committed(key, record.secret_nonce, associated, record.secret)
    return read_map(strip(padded, lambda length: max(256, padme(length))))


def strip(padded: bytes, padded_len) -> bytes:
    """Takes length and padding off; both must be what sealing writes."""
    length = 4 + int.from_bytes(padded[:4], "big")
    if length > len(padded) or padded_len(length) != len(padded) or any(padded[length:]):
        raise Fault("padding", "the padding is not that of the length")
    return padded[4:length]


def read_map(data: bytes) -> dict:
    """Reads a stored map by the rules of the format."""

    def pairs(items: list) -> dict:
        keys = [key for key, _ in items]
        if len(set(keys)) != len(keys):
            raise Fault("map", "a key stands twice in one map")
        return dict(items)

    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=True, object_pairs_hook=pairs)
    except Fault:
        raise
    except Exception:  # the package has many kinds of error, all of them mean this
        raise Fault("map", "not one MessagePack map, or bytes stand behind it") from None
    if not isinstance(value, dict):
        raise Fault("map", "not a map")
    _check_map(value, 1)
    return value


def _check_map(value: object, depth: int) -> None:
    if not isinstance(value, (dict, list)):
        return
    if depth > DEPTH_MAX:
        raise Fault("map", f"nested more than {DEPTH_MAX} deep")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or not KEY.fullmatch(key):
                raise Fault("map", "a key that is not 1–3 lower-case letters")
        value = list(value.values())
    for inner in value:
        _check_map(inner, depth + 1)
