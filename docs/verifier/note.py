"""Checkpoints as signed notes, and the Ed25519 that they need. docs/format.md, "Checkpoint"."""

import base64
import binascii
import hashlib
import re
import unicodedata
from dataclasses import dataclass

from nacl import bindings
from nacl.exceptions import BadSignatureError

from fault import Fault

NOTE_LEN_MAX = 1024
ORIGIN = re.compile(r"([a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?)/ledger/([0-9a-f]{32})/([0-9a-f]{16})")


@dataclass
class Note:
    """A checkpoint with a signature that is not verified yet."""

    origin: str
    size: int
    root: bytes
    key_id: bytes
    signature: bytes

    def text(self) -> bytes:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()

    def encode(self) -> bytes:
        """The note in its one form."""
        signature = base64.b64encode(self.key_id + self.signature).decode()
        return self.text() + f"\n— {self.origin} {signature}\n".encode()

    def is_signed_by(self, public_key: bytes) -> bool:
        return self.key_id == key_id(self.origin, public_key) and verifies(public_key, self.text(), self.signature)


def parse(data: bytes) -> Note:
    """Reads a note; anything but its one form is a fault."""
    wrong = Fault("note", "the checkpoint is not a note with one signature in its one form")
    try:
        lines = data.decode().split("\n")
        if len(data) > NOTE_LEN_MAX or len(lines) != 6:
            raise wrong
        origin, size, root, empty, signed, end = lines
        if empty or end or not is_name(origin) or not signed.startswith(f"— {origin} "):
            raise wrong
        blob = base64.b64decode(signed[len(origin) + 3 :], validate=True)
        note = Note(origin, int(size), base64.b64decode(root, validate=True), blob[:4], blob[4:])
    except (ValueError, binascii.Error):
        raise wrong from None
    if len(note.root) != 32 or len(note.signature) != 64 or note.size >= 1 << 64 or note.encode() != data:
        raise wrong
    return note


def is_name(name: str) -> bool:
    return bool(name) and not any(c.isspace() or c == "+" or unicodedata.category(c) == "Cc" for c in name)


def key_id(origin: str, public_key: bytes) -> bytes:
    return hashlib.sha256(origin.encode() + b"\n\x01" + public_key).digest()[:4]


def verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Ed25519, strictly: libsodium refuses S above the group order, and R or key of small order."""
    try:
        bindings.crypto_sign_open(signature + message, public_key)
        return True
    except (BadSignatureError, ValueError):
        return False


def is_point(key: bytes) -> bool:
    """Whether 32 bytes decode to a point of the curve (RFC 8032, section 5.1.3)."""
    p = 2**255 - 19
    y = int.from_bytes(key, "little") & (2**255 - 1)
    d = -121665 * pow(121666, -1, p)
    x_squared = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
    return x_squared == 0 or pow(x_squared, (p - 1) // 2, p) == 1
