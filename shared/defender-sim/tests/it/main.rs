//! The simulator as its clients meet it.

#[cfg(test)]
mod entra;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fronts;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod support;
#[cfg(test)]
mod world;
#[cfg(test)]
mod writes;
