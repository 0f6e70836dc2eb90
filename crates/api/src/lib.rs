//! The JSON shapes that server and client share
