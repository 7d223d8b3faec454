//! Measurements of a transport.

use std::time::Duration;

/// Measurements of a transport.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    pub loss: f32,
    pub rtt: Duration,
    pub tx_bytes: u64,
    pub rx_bytes: u64,
    /// Worst interarrival jitter of the streams seen since the last report, in milliseconds.
    pub jitter_ms: f32,
}
