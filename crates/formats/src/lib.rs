//! Service catalogue, importers, secret scanner: pure
