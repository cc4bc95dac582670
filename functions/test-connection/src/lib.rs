//! Is this connection good, and if not, why.
