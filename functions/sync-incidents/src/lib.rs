//! One sync of one connection, and of all that are due.
