"""Checks of the verifier: what is whole passes, and every change is refused. `python -m unittest` in this folder."""

import copy
import json
import unittest
from pathlib import Path

import vectors
from fault import Fault
from verify import verify_dump

DOCS = Path(__file__).resolve().parent.parent
DUMP = (DOCS / "example" / "example.dump").read_bytes()
KEYS = json.loads((DOCS / "example" / "keys.json").read_text(encoding="utf-8"))
VECTORS = json.loads((DOCS / "vectors.json").read_text(encoding="utf-8"))


def record_ranges(dump: bytes) -> list[tuple[int, int]]:
    """Where each record's length and bytes lie."""
    ranges, at = [], 21
    for _ in range(int.from_bytes(dump[13:21], "big")):
        end = at + 4 + int.from_bytes(dump[at : at + 4], "big")
        ranges.append((at, end))
        at = end
    return ranges


def outcome(dump: bytes, keys: dict | None = None) -> tuple[str, int | None] | None:
    try:
        verify_dump(dump, keys)
    except Fault as fault:
        return fault.check, fault.position
    return None


class Example(unittest.TestCase):
    def test_the_example_is_whole(self):
        found = verify_dump(DUMP, KEYS)
        self.assertEqual((found["size"], found["history_opened"], found["secrets_opened"]), (5, 5, 1))

    def test_every_flipped_byte_is_refused(self):
        for at in range(len(DUMP)):
            for bit in [0x01, 0x80]:
                bad = bytearray(DUMP)
                bad[at] ^= bit
                self.assertIsNotNone(outcome(bytes(bad)), f"byte {at}")

    def test_a_flipped_byte_in_a_record_is_found_there(self):
        for position, (start, end) in enumerate(record_ranges(DUMP)):
            for at in range(start + 4 + 240, end, 7):  # behind the header: the parts
                bad = bytearray(DUMP)
                bad[at] ^= 1
                self.assertEqual(outcome(bytes(bad)), ("digest", position), f"byte {at}")

    def test_every_cut_is_refused(self):
        for length in range(len(DUMP)):
            self.assertIsNotNone(outcome(DUMP[:length]), f"{length} bytes")
        self.assertIsNotNone(outcome(DUMP + b"\n"))

    def test_records_swapped_dropped_or_doubled_are_refused(self):
        ranges = record_ranges(DUMP)
        pieces, note = [DUMP[start:end] for start, end in ranges], DUMP[ranges[-1][1] :]

        def dump(records: list[bytes]) -> bytes:
            return DUMP[:13] + len(records).to_bytes(8, "big") + b"".join(records) + note

        self.assertIsNone(outcome(dump(pieces)))
        self.assertEqual(outcome(dump(pieces[:4])), ("size", None))
        self.assertEqual(outcome(dump([])), ("size", None))
        self.assertEqual(outcome(dump(pieces[1:])), ("keys", 0))
        self.assertEqual(outcome(dump(pieces + pieces[4:])), ("stream_version", 5))
        self.assertEqual(outcome(dump([*pieces[:2], pieces[3], pieces[2], pieces[4]])), ("time", 3))
        self.assertEqual(outcome(dump(pieces[:1] + pieces[2:])), ("stream_version", 1))

    def test_wrong_history_keys_are_named(self):
        wrong = {"epochs": {"1": "22" * 32}}
        self.assertEqual(outcome(DUMP, wrong), ("commitment", None))
        wrong = {"epochs": KEYS["epochs"], "data_keys": {name: "41" * 32 for name in KEYS["data_keys"]}}
        self.assertEqual(outcome(DUMP, wrong), ("commitment", 3))


class Vectors(unittest.TestCase):
    def test_the_vectors_agree(self):
        self.assertTrue(vectors.verify(VECTORS)["ok"])

    def test_every_changed_value_is_refused(self):
        for path, value in leaves(VECTORS):
            if path == ("about",):
                continue
            for changed in changes(value):
                bad = copy.deepcopy(VECTORS)
                place = bad
                for step in path[:-1]:
                    place = place[step]
                place[path[-1]] = changed
                with self.assertRaises(Fault, msg=f"{path}"):
                    vectors.verify(bad)


def leaves(value, path=()):
    """Every text and number with its path."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path, value
        return
    for key, inner in items:
        yield from leaves(inner, (*path, key))


def changes(value):
    if isinstance(value, int):
        return [value + 1]
    if not value:
        return []
    at = len(value) // 2
    return [value[:at] + ("0" if value[at] != "0" else "1") + value[at + 1 :]]


if __name__ == "__main__":
    unittest.main()
