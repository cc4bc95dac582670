//! The stores on AWS, against an emulated AWS and a proxy that makes it fail.

mod conformance;
mod desk;
mod faults;
mod idle;
mod reading;
mod secrets;
