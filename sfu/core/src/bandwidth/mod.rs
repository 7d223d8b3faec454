//! Estimates from a client's feedback about each packet how much its network takes. Pure.
//!
//! ```text
//! sent       which packet left when, under which transport-wide number feedback   what the client
//! says became of them delay      whether a queue grows        rate   how much arrives        probe
//! whether there is room for more estimator  the limit that follows
//! ```

mod delay;
mod estimator;
mod feedback;
mod probe;
mod rate;
mod sent;

pub use estimator::{Demand, Estimator};
pub use feedback::read as read_feedback;
pub use sent::SentLog;
