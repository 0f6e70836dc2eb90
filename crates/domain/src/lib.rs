//! Events, commands, decide, evolve, rights, resolution: pure rules over plain values
