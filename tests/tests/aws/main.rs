//! The stores on AWS, against an emulated AWS and a proxy that makes it fail.

#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod adversary;
mod attempts;
mod calls;
mod conformance;
mod desk;
mod faults;
mod held;
mod idle;
mod leftovers;
mod listing;
mod reading;
mod scene;
mod secrets;
mod stale;
mod unreadable;
