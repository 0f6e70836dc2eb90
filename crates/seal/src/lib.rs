//! Keys, key file, sealing, tokens, set hash
