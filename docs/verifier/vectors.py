"""The values of docs/vectors.json, each computed anew from its inputs by docs/format.md."""

import base64
import zlib
from types import SimpleNamespace

from blake3 import blake3
from nacl import bindings

import note
import record
import sealed
from fault import Fault
from log import Log
from sealed import commitment, derive, keyed

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
STATE, KEYS, META = 4, 5, 6


def verify(vectors: dict) -> dict:
    """Checks every value; a fault names the first that is another."""
    checks = [records, key_rotation, rows, key_file, anchor_slot, texts, terms, body_mac, set_hash]
    for check in checks:
        try:
            check(vectors)
        except (ValueError, LookupError, TypeError, OverflowError) as error:
            raise Fault(check.__name__, f"the file is not in its form: {error}") from None
    return {"ok": True, "records": len(vectors["records"]), "checked": [check.__name__ for check in checks]}


def same(name: str, found: object, expected: object) -> None:
    if found != expected:
        raise Fault(name, "another value than that of the format")


def b(text: str) -> bytes:
    return bytes.fromhex(text)


def counted(item: bytes) -> bytes:
    return len(item).to_bytes(4, "big") + item


def seal(key: bytes, random: bytes, associated: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
    """Nonce, and ciphertext with tag."""
    nonce = derive("strongroom v1 nonce", key + random + plaintext)[:24]
    return nonce, bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, associated, nonce, key)


def records(v: dict) -> None:
    """The records as a log, each part opened and sealed again, and the checkpoints."""
    log, ledger_id = Log(), b(v["ledger_id"])
    epochs = {entry["epoch"]: b(entry["key"]) for entry in v["keys"]["epochs"]}
    data_key = b(v["keys"]["data_key"]["key"])
    notes = {entry["size"]: entry for entry in v["checkpoints"]}
    same("checkpoint", len(notes), len(v["checkpoints"]))
    for entry in v["records"]:
        same("record", log.tree.size, entry["position"])
        parsed = log.push(b(entry["bytes"]))
        same("record", b(entry["bytes"])[5], entry["flags"])
        same("record", parsed.leaf().hex(), entry["leaf_hash"])
        same("record", (parsed.plain or b"").hex(), entry.get("plain", ""))
        epoch_key = epochs[parsed.epoch]
        history = SimpleNamespace(
            k=keyed(epoch_key, b"\x01" + parsed.event_id),
            nonce=parsed.history_nonce,
            stored=parsed.history,
            associated=b"\x01" + ledger_id + parsed.h0() + parsed.secret_digest,
        )
        sealed.open_history(parsed, ledger_id, epoch_key)
        part(history, entry["history"], lambda length: -(-length // 64) * 64)
        if parsed.secret is not None:
            secret = SimpleNamespace(
                k=keyed(data_key, b"\x02" + parsed.event_id),
                nonce=parsed.secret_nonce,
                stored=parsed.secret,
                associated=b"\x02" + ledger_id + parsed.h0(),
            )
            sealed.open_secret(parsed, ledger_id, data_key)
            part(secret, entry["secret"], lambda length: max(256, record.padme(length)))
        if log.tree.size in notes:
            checkpoint(log, notes.pop(log.tree.size))
    same("checkpoint", notes, {})
    for entry in v["keys"]["epochs"]:
        same("epoch_commitment", sealed.epoch_commitment(b(entry["key"])).hex(), entry["commitment"])
        same("epoch_commitment", log.keys.epochs[entry["epoch"]].hex(), entry["commitment"])
    for entry in v["keys"]["signing"]:
        signing_key(v["origin"], entry)


def part(found: SimpleNamespace, entry: dict, padded_len) -> None:
    plaintext = counted(b(entry["map"]))
    plaintext += bytes(padded_len(len(plaintext)) - len(plaintext))
    nonce, ciphertext = seal(found.k, b(entry["random"]), found.associated, plaintext)
    same("part", found.k.hex(), entry["k"])
    same("part", [nonce, found.nonce], [b(entry["nonce"])] * 2)
    same("part", commitment(found.k) + ciphertext, found.stored)


def checkpoint(log: Log, entry: dict) -> None:
    same("checkpoint", log.tree.root().hex(), entry["root"])
    log.finish(entry["note"].encode())


def signing_key(origin: str, entry: dict) -> None:
    public, _ = bindings.crypto_sign_seed_keypair(b(entry["seed"]))
    same("signing_key", public.hex(), entry["public"])
    text = base64.b64encode(b"\x01" + public).decode()
    same("signing_key", f"{origin}+{note.key_id(origin, public).hex()}+{text}", entry["vkey"])


def key_rotation(v: dict) -> None:
    entry = v["key_rotation"]
    event_id = record.parse(b(v["records"][entry["position"]]["bytes"])).event_id
    keys = b(entry["old_public"]) + b(entry["new_public"])
    message = b"\x00strongroom v1 key" + b(v["ledger_id"]) + b(v["incarnation"]) + event_id + keys
    same("key_rotation", message.hex(), entry["message"])
    same("key_rotation", note.verifies(b(entry["old_public"]), message, b(entry["signature"])), True)


def rows(v: dict) -> None:
    """A row of `keys` and one of `state`, sealed again."""
    ledger_id, generation, data_key = b(v["ledger_id"]), v["keys"]["generation"], v["keys"]["data_key"]
    row = v["keys_row"]
    row_key = generation["number"].to_bytes(4, "big") + b(data_key["id"])
    same("keys_row", row_key.hex(), row["row_key"])
    k = keyed(b(generation["key"]), b"\x03" + row_key)
    associated = b"\x03" + ledger_id + bytes([KEYS]) + row_key
    nonce, ciphertext = seal(k, b(row["random"]), associated, b(data_key["key"]))
    same("keys_row", (nonce + commitment(k) + ciphertext).hex(), row["row"])

    row = v["state_row"]
    k = keyed(b(v["keys"]["projection"]), b"\x04")
    associated = b"\x04" + ledger_id + bytes([STATE]) + b(row["row_key"])
    nonce, ciphertext = seal(k, b(row["random"]), associated, b(row["plaintext"]))
    same("state_row", (nonce + ciphertext).hex(), row["row"])
    same("state_row", sealed.decrypt(k, nonce, associated, ciphertext), b(row["plaintext"]))


def key_file(v: dict) -> None:
    entry, ledger_id = v["key_file"], b(v["ledger_id"])
    sequence = entry["sequence"].to_bytes(8, "big")
    stored = b"SRKF\x01\x01\x00\x00" + sequence + ledger_id + b(v["incarnation"]) + bytes(28)
    for compartment in entry["compartments"]:
        number, salt, plaintext = bytes([compartment["compartment"]]), b(compartment["salt"]), b(compartment["plaintext"])
        k = keyed(b(v["keys"]["root"]), b"\x0c" + ledger_id + number + salt)
        same("compartment", k.hex(), compartment["k"])
        associated = b"\x0c" + ledger_id + number + salt + sequence
        nonce, ciphertext = seal(k, b(compartment["random"]), associated, plaintext)
        stored += number + bytes(3) + salt + (72 + len(plaintext)).to_bytes(4, "big")
        stored += nonce + commitment(k) + ciphertext
        same("compartment", contents(v, compartment["compartment"]).hex(), compartment["plaintext"])
    stored += blake3(stored).digest()
    same("key_file", stored.hex(), entry["bytes"])


def contents(v: dict, compartment: int) -> bytes:
    keys, generation = v["keys"], v["keys"]["generation"]
    plaintext = b(v["incarnation"])
    if compartment == 1:
        plaintext += b"".join(b(keys[name]) for name in ["projection", "index", "anchor", "set_hash"])
        entries = [entry["epoch"].to_bytes(4, "big") + b(entry["key"]) for entry in keys["epochs"]]
    elif compartment == 2:
        entries = [b(entry["seed"]) for entry in keys["signing"]]
    else:
        entries = [generation["number"].to_bytes(4, "big") + bytes(8) + b(generation["key"])]
    return plaintext + len(entries).to_bytes(4, "big") + b"".join(entries)


def anchor_slot(v: dict) -> None:
    entry = v["anchor_slot"]
    slot = bytearray(4096)
    checkpoint = v["checkpoints"][-1]
    journals = entry["journals"]
    stored = b(entry["bytes"])
    clean = stored[5] == 1
    text = checkpoint["note"].encode() if clean else b""
    slot[:8] = b"SRAN\x01" + stored[5:6] + len(journals).to_bytes(2, "big")
    slot[8:40] = entry["sequence"].to_bytes(8, "big") + b(v["ledger_id"]) + b(v["incarnation"])
    slot[40:80] = checkpoint["size"].to_bytes(8, "big") + b(checkpoint["root"])
    slot[80:90] = v["key_file"]["sequence"].to_bytes(8, "big") + len(text).to_bytes(2, "big")
    slot[90 : 90 + len(text)] = text
    for index, (number, first) in enumerate(journals):
        at = 1120 + 16 * index
        slot[at : at + 16] = number.to_bytes(8, "big") + first.to_bytes(8, "big")
    covered = bytes(slot[:4032])
    slot[4032:] = blake3(covered).digest() + keyed(b(v["keys"]["anchor"]), b"\x09" + covered)
    same("anchor_slot", bytes(slot), stored)


def texts(v: dict) -> None:
    """Token and root key as people see them."""
    token = v["token"]
    same("token", "srt_" + checked_digits(b(token["bytes"]), 27), token["text"])
    same("token", derive("strongroom v1 token", b(token["bytes"])).hex(), token["stored"])
    same("root_key_text", "srk_" + checked_digits(b(v["keys"]["root"]), 43), v["root_key_text"])


def checked_digits(number: bytes, digits: int) -> str:
    text = base62(int.from_bytes(number, "big"), digits)
    return text + base62(zlib.crc32(text.encode()), 6)


def base62(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        text = DIGITS[digit] + text
    return text


def terms(v: dict) -> None:
    index_key, entry = b(v["keys"]["index"]), v["index_term"]
    term = keyed(index_key, b"\x07" + bytes([entry["kind"]]) + b(entry["id"]))[:16]
    same("index_term", term.hex(), entry["term"])

    entry = v["idempotency_term"]
    items = [entry["method"], entry["route"], *entry["parameters"], entry["key"]]
    message = b"\x05" + b(entry["principal"]) + b"".join(counted(item.encode()) for item in items)
    same("idempotency_term", keyed(index_key, message)[:16].hex(), entry["term"])

    entry = v["fingerprint"]
    fingerprint_key = keyed(b(v["keys"]["generation"]["key"]), b"\x08")
    same("fingerprint", keyed(fingerprint_key, counted(b(entry["value"]))).hex(), entry["fingerprint"])


def body_mac(v: dict) -> None:
    entry = v["body_mac"]
    epochs = {epoch["epoch"]: b(epoch["key"]) for epoch in v["keys"]["epochs"]}
    m = keyed(epochs[entry["epoch"]], b"\x06" + b(entry["event_id"]))
    for key in entry["data_keys"]:
        m = keyed(b(key), b"\x06" + m)
    same("body_mac", keyed(m, b(entry["body"])).hex(), entry["mac"])


def set_hash(v: dict) -> None:
    entry, key = v["set_hash"], b(v["keys"]["set_hash"])
    sums = {STATE: 0, KEYS: 0}
    for row in entry["rows"]:
        row_key = b(row["row_key"])
        message = bytes([11, row["keyspace"]]) + len(row_key).to_bytes(2, "big") + row_key + b(row["row"])
        term = keyed(key, message)
        same("set_hash", term.hex(), row["term"])
        sums[row["keyspace"]] += int.from_bytes(term, "big")
    rights, keys, both = (total % (1 << 256) for total in [sums[STATE], sums[KEYS], sum(sums.values())])
    same("set_hash", [f"{total:064x}" for total in [rights, keys, both]], [entry["rights"], entry["keys"], entry["sum_of_all"]])
    newest = v["checkpoints"][-1]
    head = b(v["incarnation"]) + newest["size"].to_bytes(8, "big") + b(newest["root"])
    same("set_hash", f"{rights:064x}{keys:064x}{head.hex()}", entry["meta_row_plaintext"])
