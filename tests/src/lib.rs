//! Whole-system tests: the real programs, reached as in production. What is in the library helps them.

pub mod counted;
pub mod emulators;
pub mod events;
pub mod rie;
pub mod server;
pub mod table;
