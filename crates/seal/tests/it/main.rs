//! Tests against published vectors and of whole files.
