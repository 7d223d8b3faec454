//! The state of a transport, and the time when it is given up.

use std::time::{Duration, Instant};

use str0m::IceConnectionState;

use super::{Arrival, Transport};
use crate::events::TransportState;
use crate::limits;

impl Transport {
    pub fn state(&self) -> Option<TransportState> {
        self.state
    }

    /// Nothing says that the client is gone.
    pub fn may_be_alive(&self) -> bool {
        matches!(self.state, None | Some(TransportState::Connected))
    }

    pub fn is_over(&self) -> bool {
        matches!(self.state, Some(TransportState::Failed | TransportState::Closed))
    }

    pub(super) fn take_ice_state(&mut self, now: Instant, ice: IceConnectionState, arrivals: &mut Vec<Arrival>) {
        match ice {
            IceConnectionState::Disconnected => {
                self.disconnected_at = Some(now);
                if self.state == Some(TransportState::Connected) {
                    self.change_state(TransportState::Disconnected, arrivals);
                }
            }
            IceConnectionState::Connected | IceConnectionState::Completed => {
                self.disconnected_at = None;
                if self.dtls_up && self.state == Some(TransportState::Disconnected) {
                    self.change_state(TransportState::Connected, arrivals);
                }
            }
            IceConnectionState::New | IceConnectionState::Checking => {}
        }
    }

    /// Give it up.
    pub fn fail(&mut self, arrivals: &mut Vec<Arrival>) {
        self.change_state(TransportState::Failed, arrivals);
        self.rtc.disconnect();
    }

    /// Failed and closed are final.
    pub(super) fn change_state(&mut self, state: TransportState, arrivals: &mut Vec<Arrival>) {
        if self.is_over() || self.state == Some(state) {
            return;
        }
        self.state = Some(state);
        if let Some(media) =
            self.media.as_mut().filter(|_| matches!(state, TransportState::Failed | TransportState::Closed))
        {
            media.close();
        }
        arrivals.push(Arrival::StateChanged(state));
    }

    /// Give up on what took too long.
    pub fn check_health(&mut self, now: Instant, arrivals: &mut Vec<Arrival>) {
        let since = |t: Option<Instant>| t.map_or(Duration::ZERO, |t| now.saturating_duration_since(t));
        let lost = since(self.disconnected_at) >= limits::DISCONNECTED_TIMEOUT;
        let never = self.state.is_none() && since(self.negotiated_at) >= limits::CONNECT_TIMEOUT;
        if lost || never {
            self.change_state(TransportState::Failed, arrivals);
        }
        let is_silent = self.silence.is_suspicious(now);
        if self.state == Some(TransportState::Connected) && is_silent {
            self.change_state(TransportState::Disconnected, arrivals);
        } else if self.state == Some(TransportState::Disconnected) && !is_silent && self.disconnected_at.is_none() {
            self.change_state(TransportState::Connected, arrivals);
        }
    }

    /// Say goodbye: RTCP BYE and the DTLS `close_notify` come out of the next drain.
    pub fn close(&mut self) {
        // Closing an association that never was is an error nobody can act on.
        let _ = self.rtc.close();
    }
}
