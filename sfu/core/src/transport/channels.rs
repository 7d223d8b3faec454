//! Data channels of a client.

use std::sync::Arc;

use str0m::channel::ChannelId;

use super::channel::{LOSSY, OpenChannel, RELIABLE};
use super::{Arrival, Transport};
use crate::data::Overflow;
use crate::limits;

impl Transport {
    pub(super) fn open_channel(&mut self, id: ChannelId, label: String, arrivals: &mut Vec<Arrival>) {
        if self.channels.len() >= limits::MAX_CHANNELS {
            self.rtc.direct_api().close_data_channel(id);
            return;
        }
        if let Some(mut channel) = self.rtc.channel(id) {
            channel.set_buffered_amount_low_threshold(limits::SCTP_LOW_WATER);
        }
        self.channels.push(OpenChannel { id, label: label.clone() });
        arrivals.push(Arrival::ChannelOpened(label));
        self.flush_data();
    }

    fn channel_named(&self, label: &str) -> Option<ChannelId> {
        self.channels.iter().find(|c| c.label == label).map(|c| c.id)
    }

    /// Send when there is room; otherwise it waits.
    pub fn send_reliable(&mut self, payload: Arc<[u8]>) -> Result<(), Overflow> {
        self.queue.push(payload)?;
        self.flush_data();
        Ok(())
    }

    /// Send now or never. False: never.
    pub fn send_lossy(&mut self, payload: &[u8]) -> bool {
        let Some(id) = self.channel_named(LOSSY) else {
            return false;
        };
        self.rtc.channel(id).is_some_and(|mut c| c.write(true, payload).unwrap_or(false))
    }

    pub(super) fn flush_data(&mut self) {
        if self.queue.is_empty() {
            return;
        }
        let Some(id) = self.channel_named(RELIABLE) else {
            return;
        };
        while let Some(payload) = self.queue.front() {
            let Some(mut channel) = self.rtc.channel(id) else {
                return;
            };
            match channel.write(true, payload) {
                // No room: the low-water event calls again.
                Ok(false) => return,
                // Sent, or larger than the client accepts, and then it can never be sent.
                Ok(true) | Err(_) => self.queue.pop(),
            }
        }
    }
}
