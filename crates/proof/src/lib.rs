//! Records, tree arithmetic, checkpoints: verifies with no database, no keys, no I/O
