"""Verifies what Strongroom wrote, with nothing of Strongroom but docs/format.md.

    python verify.py dump FILE [--history-keys FILE] [--output json]        FILE may be - for stdin
    python verify.py vectors.json [--output json]

The file of history keys is JSON: {"epochs": {"1": "<64 hex digits>"}, "data_keys": {"<key id>": "<64 hex digits>"}};
`data_keys` may be missing. Ends with 0; with 5, the first position that is wrong and the name of the check; with 2 for wrong
use.
"""

import argparse
import json
import sys
from pathlib import Path

import vectors
from fault import Fault
from log import Dump, Log
from sealed import check_event, epoch_commitment, open_history, open_secret

OK, WRONG_USE, NOT_VERIFIED = 0, 2, 5


def verify_dump(data: bytes, keys: dict | None = None) -> dict:
    """Verifies a whole dump, and with keys what is sealed in it. Gives what was found."""
    dump, log, records = Dump(data), Log(), []
    for _, stored in dump.records():
        records.append(log.push(stored))
    signed = log.finish(dump.checkpoint())
    found = {
        "ok": True,
        "size": signed.size,
        "root": signed.root.hex(),
        "origin": signed.origin,
        "ledger": log.keys.ledger_id.hex(),
        "dev": log.keys.dev,
        "streams": len(log.streams),
        "signing_keys": [
            {"position": began.position, "key": began.key.hex(), "linked": began.linked} for began in log.keys.began
        ],
    }
    if keys is not None:
        found |= open_all(log, records, keys)
    return found


def open_all(log: Log, records: list, keys: dict) -> dict:
    """Opens every part whose key is given."""
    epochs = {int(epoch): bytes.fromhex(key) for epoch, key in keys.get("epochs", {}).items()}
    data_keys = {bytes.fromhex(name): bytes.fromhex(key) for name, key in keys.get("data_keys", {}).items()}
    for epoch, key in epochs.items():
        if log.keys.epochs.get(epoch) != epoch_commitment(key):
            raise Fault("commitment", f"the key given for history epoch {epoch} is not the announced one")
    opened = {"history_opened": 0, "secrets_opened": 0}
    for position, record in enumerate(records):
        try:
            if record.epoch in epochs:
                check_event(open_history(record, log.keys.ledger_id, epochs[record.epoch]))
                opened["history_opened"] += 1
            if record.secret is not None and record.secret_key_id in data_keys:
                open_secret(record, log.keys.ledger_id, data_keys[record.secret_key_id])
                opened["secrets_opened"] += 1
        except Fault as fault:
            raise fault.at(position) from None
    return opened


def run(arguments: argparse.Namespace) -> dict:
    if arguments.what != "dump":
        return vectors.verify(json.loads(Path(arguments.what).read_text(encoding="utf-8")))
    keys = json.loads(Path(arguments.history_keys).read_text(encoding="utf-8")) if arguments.history_keys else None
    data = sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).read_bytes()
    return verify_dump(data, keys)


def main() -> int:
    parser = argparse.ArgumentParser(description="Verifies what Strongroom wrote.")
    parser.add_argument("what", help="`dump`, or the path of vectors.json")
    parser.add_argument("file", nargs="?", help="the dump, or - for stdin")
    parser.add_argument("--history-keys", metavar="FILE", help="JSON with epoch keys, to open what is sealed")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    arguments = parser.parse_args()
    if (arguments.what == "dump") != (arguments.file is not None):
        parser.print_usage(sys.stderr)
        return WRONG_USE
    try:
        found = run(arguments)
    except OSError as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return WRONG_USE
    except Fault as fault:
        found = {"ok": False, "check": fault.check, "position": fault.position, "detail": fault.detail}
    if arguments.output == "json":
        print(json.dumps(found))
    elif found["ok"]:
        print("\n".join(["verified"] + [f"  {name}: {value}" for name, value in found.items() if name != "ok"]))
    else:
        where = "" if found["position"] is None else f"position {found['position']}: "
        print(f"{where}{found['check']}: {found['detail']}", file=sys.stderr)
    return OK if found["ok"] else NOT_VERIFIED


if __name__ == "__main__":
    sys.exit(main())
