//! What every HTTP function takes in, gives out and refuses: JSON of a limited size, problem details, and how
//! often somebody may test.
//!
//! Knows no Lambda: the desk runner answers with the same code.

mod attempts;
mod caller;
mod json;
mod limits;
mod memory;
mod problem;
mod window;

pub use attempts::{Admission, Attempts, AttemptsUnavailable, Counter, Ended, Refused, TooMany, admit};
pub use caller::Caller;
pub use json::{answer, answer_with, read_json, read_object};
pub use limits::Limits;
pub use memory::MemoryAttempts;
pub use problem::Problem;
pub use window::Window;
