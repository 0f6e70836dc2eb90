"""The plain part, and the keys of a log as its plain parts announce them. docs/format.md, "Plain part"."""

from dataclasses import dataclass

import msgpack

import note
from fault import Fault
from record import PLAIN_LEN_MAX, Record

LEDGER_CATEGORY = 1
KEY_CHANGE = b"\x00strongroom v1 key"
ORDER = ["l", "o", "i", "k", "e", "b", "z", "s", "d"]


@dataclass
class Began:
    """From this position on a signing key counts."""

    position: int
    origin: str
    incarnation: bytes
    key: bytes
    linked: bool


def parse(data: bytes) -> dict:
    """Reads a plain part; anything but its one form is a fault."""

    def require(holds: bool, otherwise: str) -> None:
        if not holds:
            raise Fault("keys", otherwise)

    def is_bytes(key: str, length: int) -> bool:
        return isinstance(plain[key], bytes) and len(plain[key]) == length

    def is_number(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0

    form = "the plain part is not the map of the format in its one form"
    require(len(data) <= PLAIN_LEN_MAX, "the plain part is too long")
    try:
        plain = msgpack.unpackb(data, raw=False, strict_map_key=True)
    except Exception:  # the package has many kinds of error, all of them mean this
        raise Fault("keys", form) from None
    require(isinstance(plain, dict), form)
    require(list(plain) == [key for key in ORDER if key in plain] and set("loike") <= set(plain), form)
    require(is_bytes("l", 16) and is_bytes("i", 8) and is_bytes("k", 32), form)
    require(isinstance(plain["o"], str) and isinstance(plain["e"], list), form)
    for pair in plain["e"]:
        require(isinstance(pair, list) and len(pair) == 2, form)
        require(is_number(pair[0]) and pair[0] < 1 << 32, form)
        require(isinstance(pair[1], bytes) and len(pair[1]) == 32, form)
    require("b" not in plain or ("z" in plain and isinstance(plain["b"], str)), form)
    require("z" not in plain or is_number(plain["z"]), form)
    require("s" not in plain or is_bytes("s", 64), form)
    require(plain.get("d", True) is True, form)
    # msgpack writes the shortest forms: what was longer, doubled or moved differs.
    require(msgpack.packb(plain, use_bin_type=True) == data, form)

    origin = note.ORIGIN.fullmatch(plain["o"])
    named = origin is not None and [origin[2], origin[3]] == [plain["l"].hex(), plain["i"].hex()]
    require(named, "the origin is not that of ledger id and incarnation")
    require(note.is_point(plain["k"]), "the signing key is not an Ed25519 public key")
    epochs = [0] + [epoch for epoch, _ in plain["e"]]
    require(all(a < b for a, b in zip(epochs, epochs[1:])), "history epochs do not rise from 1")
    return plain


class KeyLog:
    """Which keys count where, learned from the records one by one."""

    def __init__(self) -> None:
        self.ledger_id: bytes | None = None
        self.dev = False
        self.began: list[Began] = []
        self.epochs: dict[int, bytes] = {}

    def take(self, position: int, record: Record, root) -> None:
        """Goes on with the record at a position; `root` gives the root over the records before."""
        if position == 0:
            self._begin(record)
        else:
            self._extend(position, record, root)
        if record.epoch not in self.epochs:
            raise Fault("keys", f"history epoch {record.epoch} was not announced")

    def verify(self, signed: note.Note) -> None:
        """A note must be signed by a key that counts for its origin and size."""
        for index, began in enumerate(self.began):
            last = index + 1 == len(self.began)
            counts = last or signed.size <= self.began[index + 1].position
            named = signed.key_id == note.key_id(began.origin, began.key)
            if began.origin == signed.origin and counts and named:
                if not signed.is_signed_by(began.key):
                    raise Fault("note", "the signature of the checkpoint is not valid")
                return
        raise Fault("note", "not signed by a key that counts for this origin and size")

    def _begin(self, record: Record) -> None:
        if record.plain is None:
            raise Fault("keys", "the log does not begin with a plain part")
        plain = parse(record.plain)
        if any(key in plain for key in "bzs"):
            raise Fault("keys", "the first record speaks of keys before it")
        self.ledger_id = plain["l"]
        self.dev = "d" in plain
        self._check_place(record)
        self._announce(plain)
        self.began.append(Began(0, plain["o"], plain["i"], plain["k"], True))

    def _extend(self, position: int, record: Record, root) -> None:
        self._check_place(record)
        if record.plain is None:
            return
        plain = parse(record.plain)
        if plain["l"] != self.ledger_id:
            raise Fault("keys", "the plain part is of another ledger")
        if "z" in plain:
            began = self._recovered(position, record, plain, root)
        else:
            began = self._rotated(position, record, plain)
        self._announce(plain)
        if began is not None:
            self.began.append(began)

    def _check_place(self, record: Record) -> None:
        if record.category == LEDGER_CATEGORY:
            right = record.stream_id == self.ledger_id
        else:
            right = record.plain is None
        if not right:
            raise Fault("keys", "the record is not in the ledger's stream, but should be")

    def _announce(self, plain: dict) -> None:
        if plain["e"] and self.epochs and plain["e"][0][0] <= max(self.epochs):
            raise Fault("keys", "a history epoch is announced again or too late")
        self.epochs.update((epoch, commitment) for epoch, commitment in plain["e"])

    def _rotated(self, position: int, record: Record, plain: dict) -> Began | None:
        newest = self.began[-1]
        if plain["o"] != newest.origin or plain["i"] != newest.incarnation:
            raise Fault("keys", "origin or incarnation changed in a ledger that was not recovered")
        if plain["k"] == newest.key:
            if "s" in plain:
                raise Fault("keys", "a key change is signed, but the key did not change")
            return None
        self._check_change(record, plain)
        return Began(position, plain["o"], plain["i"], plain["k"], True)

    def _recovered(self, position: int, record: Record, plain: dict, root) -> Began:
        if plain["z"] != position:
            raise Fault("keys", "the size kept is not the record's position")
        if any(began.incarnation == plain["i"] or began.key == plain["k"] for began in self.began):
            raise Fault("keys", "a recovered ledger kept its incarnation or key")
        linked = "s" in plain
        if linked:
            self._check_change(record, plain)
        if "b" in plain:
            self._check_kept(position, plain["b"], root)
        return Began(position, plain["o"], plain["i"], plain["k"], linked)

    def _check_change(self, record: Record, plain: dict) -> None:
        old = self.began[-1].key
        message = KEY_CHANGE + plain["l"] + plain["i"] + record.event_id + old + plain["k"]
        if "s" not in plain or not note.verifies(old, message, plain["s"]):
            raise Fault("keys", "the signature of the key before is missing or not valid")

    def _check_kept(self, position: int, text: str, root) -> None:
        try:
            kept = note.parse(text.encode())
            valid = kept.origin == self.began[-1].origin
            self.verify(kept)
        except Fault:
            valid = False
        if not valid or (kept.size == position and kept.root != root()):
            raise Fault("keys", "the checkpoint of the incarnation before is not valid")
