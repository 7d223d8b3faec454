//! Offers and answers, and the events about subscriptions.

use std::time::Instant;

use str0m::media::Mid;

use super::{OfferedSection, Outputs, Room, TransportAt};
use crate::commands::SignalTarget;
use crate::containment::contain;
use crate::error::NegotiationError;
use crate::events::{Event, Reply, Section};
use crate::ids::RequestId;
use crate::limits;
use crate::peer::Connection;
use crate::sdp;
use crate::slots::{PeerSlot, TrackSlot};
use crate::transport::{Role, Transport};

impl Room {
    /// Answers a request of a peer. A refusal is logged, because the client is told no reason.
    fn reply(
        &self,
        (slot, request): (PeerSlot, RequestId),
        result: Result<Reply, NegotiationError>,
        out: &mut Outputs,
    ) {
        if let Err(error) = &result {
            let peer = self.peers.get(slot).map_or(0, |p| p.id.0);
            tracing::warn!(room = self.id.0, peer, error = error.with_causes(), "a description was refused");
        }
        out.events.push(Event::Replied { request, result });
    }

    fn create_transport(&mut self, at: TransportAt, new: impl FnOnce(Role) -> Transport) {
        if let Some(place) = self.peer_at(at.slot).and_then(|p| p.connection.place(at.role)) {
            place.get_or_insert_with(|| new(at.role));
        }
    }

    pub fn accept_offer(
        &mut self,
        now: Instant,
        slot: PeerSlot,
        request: RequestId,
        offer: &str,
        new: impl FnOnce(Role) -> Transport,
        out: &mut Outputs,
    ) {
        let Some(role) = self.peer_at(slot).map(|p| p.connection.receiving_role()) else {
            return;
        };
        let max_sections =
            if role == Role::Both { limits::MAX_SUBSCRIBED_SECTIONS } else { limits::MAX_OFFERED_SECTIONS };
        let sections = match sdp::inspect_offer(offer, max_sections) {
            Ok(sections) => sections,
            Err(error) => {
                out.counters.refused_descriptions += 1;
                self.reply((slot, request), Err(error.into()), out);
                return;
            }
        };
        self.create_transport(TransportAt { slot, role }, new);
        if role == Role::Both {
            self.answer_offer(now, slot, request, offer, sections, out);
            return;
        }
        let answer = self.run(now, TransportAt { slot, role }, out, |t| t.accept_offer(now, offer));
        let result = match answer {
            None => Err(NegotiationError::TransportFailed),
            Some(Err(error)) => {
                out.counters.refused_descriptions += 1;
                Err(error)
            }
            Some(Ok(answer)) => {
                self.remember_sections(slot, &sections);
                let sdp = sdp::allow_discontinuous_audio(&answer);
                Ok(Reply::Answer { sdp, sections, tracks: Vec::new(), needs_offer: false })
            }
        };
        self.reply((slot, request), result, out);
    }

    /// An offer of a client that has one transport: it is to receive on it, too.
    fn answer_offer(
        &mut self,
        now: Instant,
        slot: PeerSlot,
        request: RequestId,
        offer: &str,
        sections: Vec<Section>,
        out: &mut Outputs,
    ) {
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let Connection::Single(single) = &mut peer.connection else {
            return;
        };
        let answered = contain(|| single.answer_offer(&mut peer.sections, now, offer, sections));
        let result = match answered {
            Err(text) => {
                self.reply((slot, request), Err(NegotiationError::TransportFailed), out);
                self.crash(now, slot, text, out);
                return;
            }
            Ok(result) => result,
        };
        match &result {
            Ok(Reply::Answer { sections, .. }) => self.remember_sections(slot, sections),
            _ => out.counters.refused_descriptions += 1,
        }
        self.reply((slot, request), result, out);
        self.start_forwarding(now, TransportAt { slot, role: Role::Both }, out);
    }

    /// Takes note that the sections of a peer were negotiated.
    fn start_forwarding(&mut self, now: Instant, at: TransportAt, out: &mut Outputs) {
        let slot = at.slot;
        self.refresh_subscribers(slot);
        self.run(now, at, out, |_| ());
        self.retarget_peer(slot);
        self.announce_codecs(slot, None, out);
        self.request_awaited_keyframes(now, slot, out);
        self.announce_states(slot, None, out);
        self.announce_negotiation(slot, out);
    }

    /// Tell the client of a single transport which sections to add to its next offer.
    pub fn require_sections(&mut self, slot: PeerSlot, request: RequestId, out: &mut Outputs) {
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let result = match &mut peer.connection {
            Connection::Single(single) => Ok(single.require_sections(&mut peer.sections)),
            Connection::Dual(_) => Err(NegotiationError::ServerOffers),
        };
        self.reply((slot, request), result, out);
    }

    fn remember_sections(&mut self, slot: PeerSlot, sections: &[Section]) {
        self.offered.retain(|s| s.peer != slot);
        self.offered.extend(sections.iter().map(|s| OfferedSection {
            peer: slot,
            mid: Mid::from(s.mid.as_str()),
            rids: s.rids.clone(),
        }));
    }

    pub fn create_offer(
        &mut self,
        now: Instant,
        slot: PeerSlot,
        request: RequestId,
        restart_ice: bool,
        new: impl FnOnce(Role) -> Transport,
        out: &mut Outputs,
    ) {
        self.create_transport(TransportAt { slot, role: Role::Sends }, new);
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let Connection::Dual(dual) = &mut peer.connection else {
            self.reply((slot, request), Err(NegotiationError::ClientOffers), out);
            return;
        };
        let created = contain(|| dual.create_offer(&mut peer.sections, restart_ice));
        match created {
            Err(text) => {
                self.reply((slot, request), Err(NegotiationError::TransportFailed), out);
                self.crash(now, slot, text, out);
            }
            Ok(Err(error)) => self.reply((slot, request), Err(error), out),
            Ok(Ok(reply)) => {
                self.refresh_subscribers(slot);
                self.run(now, TransportAt { slot, role: Role::Sends }, out, |_| ());
                self.reply((slot, request), Ok(reply), out);
            }
        }
    }

    pub fn accept_answer(&mut self, now: Instant, slot: PeerSlot, request: RequestId, answer: &str, out: &mut Outputs) {
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let Connection::Dual(dual) = &mut peer.connection else {
            self.reply((slot, request), Err(NegotiationError::ClientOffers), out);
            return;
        };
        let accepted = contain(|| dual.accept_answer(&mut peer.sections, now, answer));
        let result = match accepted {
            Err(text) => {
                self.reply((slot, request), Err(NegotiationError::TransportFailed), out);
                self.crash(now, slot, text, out);
                return;
            }
            Ok(result) => result,
        };
        if result.is_err() {
            out.counters.refused_descriptions += 1;
        }
        self.reply((slot, request), result.map(|()| Reply::AnswerAccepted), out);
        self.start_forwarding(now, TransportAt { slot, role: Role::Sends }, out);
    }

    /// Tell a client which of its tracks, or whether one of them, is forwarded, when that is news
    /// to it.
    pub(super) fn announce_states(&mut self, slot: PeerSlot, track: Option<TrackSlot>, out: &mut Outputs) {
        let tracks = &self.tracks;
        let is_shown = |index: TrackSlot| tracks.get(index).is_none_or(|t| t.is_shown);
        if let Some(peer) = self.peers.get_mut(slot) {
            let id = peer.id;
            let news = peer.announce_states(track, is_shown);
            out.events.extend(news.into_iter().map(|(track, active)| Event::StreamStateChanged {
                peer: id,
                track,
                active,
            }));
        }
    }

    pub(super) fn announce_negotiation(&mut self, slot: PeerSlot, out: &mut Outputs) {
        if let Some(peer) = self.peer_at(slot)
            && peer.announce_negotiation()
        {
            out.events.push(Event::NegotiationNeeded { peer: peer.id });
        }
    }

    pub fn add_candidate(
        &mut self,
        now: Instant,
        (slot, target): (PeerSlot, SignalTarget),
        candidate: &str,
        out: &mut Outputs,
    ) {
        let Some(role) = self.peer_at(slot).map(|p| p.connection.role_of(target)) else {
            return;
        };
        if self.run(now, TransportAt { slot, role }, out, |t| t.add_candidate(candidate)) == Some(false) {
            out.counters.ignored_candidates += 1;
        }
    }
}
