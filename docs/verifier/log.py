"""A whole log from its bytes: dump, tree, order, checkpoint. docs/format.md, "Dump", "Tree", "Order of checks"."""

import hashlib
from typing import Iterator

import note
import record
from fault import Fault
from plain import KeyLog

EMPTY_ROOT = hashlib.sha256(b"").digest()


class Tree:
    """The right edge of an RFC 9162 tree: for each bit of the size the root of that many leaves."""

    def __init__(self) -> None:
        self.size = 0
        self.edge: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Takes the next leaf hash."""
        size, node = self.size, leaf
        while size & 1:
            node = _node(self.edge.pop(), node)
            size >>= 1
        self.edge.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self.edge:
            return EMPTY_ROOT
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = _node(left, root)
        return root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Dump:
    """Reads a dump piece by piece; believes nothing."""

    def __init__(self, data: bytes):
        if data[:4] != b"SRDP" or len(data) < 21:
            raise Fault("dump", "not a dump: it does not begin with SRDP")
        if data[4] != 1:
            raise Fault("dump", f"dump version {data[4]} is not known")
        self.first = int.from_bytes(data[5:13], "big")
        self.count = int.from_bytes(data[13:21], "big")
        if self.first + self.count >= 1 << 64:
            raise Fault("dump", "first position and count are too large")
        if self.first != 0:
            raise Fault("dump", f"the dump begins at position {self.first}, not at 0")
        self.data = data
        self.at = 21

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Every record with its position."""
        for position in range(self.count):
            yield position, self._record(position)

    def _record(self, position: int) -> bytes:
        length = self._take(4, position)
        size = int.from_bytes(length, "big")
        if not record.RECORD_LEN_MIN <= size <= record.RECORD_LEN_MAX:
            raise Fault("dump", f"no record has {size} bytes", position)
        return self._take(size, position)

    def _take(self, size: int, position: int) -> bytes:
        taken = self.data[self.at : self.at + size]
        if len(taken) != size:
            raise Fault("dump", "the dump ends before the record is complete", position)
        self.at += size
        return taken

    def checkpoint(self) -> bytes:
        """What stands behind the last record."""
        text = self.data[self.at :]
        if len(text) > note.NOTE_LEN_MAX:
            raise Fault("dump", "the end of the dump is not a checkpoint")
        try:
            text.decode()
        except UnicodeDecodeError:
            raise Fault("dump", "the end of the dump is not a checkpoint") from None
        return text


class Log:
    """Verifies records in the order of their positions."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.keys = KeyLog()
        self.streams: dict[bytes, int] = {}
        self.ids: set[bytes] = set()
        self.last_us = 0

    def push(self, data: bytes) -> record.Record:
        """Takes the next record, or says what is wrong with it."""
        try:
            parsed = record.parse(data)
            parsed.check_digests()
            self.keys.take(self.tree.size, parsed, self.tree.root)
            self._check_order(parsed)
        except Fault as fault:
            raise fault.at(self.tree.size) from None
        self.tree.append(parsed.leaf())
        return parsed

    def finish(self, checkpoint: bytes) -> note.Note:
        """Ends the log with the checkpoint of exactly its size."""
        signed = note.parse(checkpoint)
        if signed.size != self.tree.size:
            raise Fault("size", f"the checkpoint is of size {signed.size}, the log has {self.tree.size} records")
        if signed.root != self.tree.root():
            raise Fault("root", "the root of the log is not that of the checkpoint")
        if not self.keys.began:
            raise Fault("keys", "the log is empty", 0)
        self.keys.verify(signed)
        return signed

    def _check_order(self, parsed: record.Record) -> None:
        stream = bytes([parsed.category]) + parsed.stream_id
        expected = self.streams.get(stream, 0) + 1
        if parsed.stream_version != expected:
            raise Fault("stream_version", f"{parsed.stream_version} stands where {expected} belongs")
        if parsed.recorded_at_us < self.last_us:
            raise Fault("time", "recorded before the record before it")
        if parsed.event_id in self.ids:
            raise Fault("event_id", "the event id stands in an earlier record")
        self.streams[stream] = expected
        self.last_us = parsed.recorded_at_us
        self.ids.add(parsed.event_id)
