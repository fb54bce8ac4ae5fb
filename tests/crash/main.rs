//! What was acknowledged survives.
