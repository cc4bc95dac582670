//! Whole-system tests: the real programs, reached as in production. What is in the library helps them.

pub mod events;
pub mod rie;
