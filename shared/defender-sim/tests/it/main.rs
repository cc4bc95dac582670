//! The simulator as its clients meet it.

mod entra;
mod faults;
mod fronts;
mod lists;
mod pace;
mod schema;
mod support;
mod world;
mod writes;
