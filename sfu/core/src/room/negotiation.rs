//! Offers and answers, and what clients are told of what they subscribe to.

use std::time::Instant;

use str0m::media::Mid;

use super::{OfferedSection, Outputs, Room};
use crate::commands::Target;
use crate::containment::contain;
use crate::events::{Event, Reply, Section};
use crate::ids::RequestId;
use crate::limits;
use crate::sdp;
use crate::transport::{Role, Transport};

impl Room {
    fn create_transport(&mut self, slot: usize, target: Target, new: impl FnOnce(Role) -> Transport) {
        if let Some(peer) = self.peer_at(slot) {
            let (place, role) = match target {
                Target::Publisher if peer.is_single => (&mut peer.publisher, Role::Both),
                Target::Publisher => (&mut peer.publisher, Role::Receives),
                Target::Subscriber => (&mut peer.subscriber, Role::Sends),
            };
            place.get_or_insert_with(|| new(role));
        }
    }

    pub fn accept_offer(
        &mut self,
        now: Instant,
        slot: usize,
        request: RequestId,
        offer: &str,
        new: impl FnOnce(Role) -> Transport,
        out: &mut Outputs,
    ) {
        let is_single = self.peer_at(slot).is_some_and(|p| p.is_single);
        let max_sections = if is_single { limits::MAX_SUBSCRIBED_SECTIONS } else { limits::MAX_OFFERED_SECTIONS };
        let sections = match sdp::inspect_offer(offer, max_sections) {
            Ok(sections) => sections,
            Err(error) => {
                out.counters.refused_descriptions += 1;
                out.reply(request, Err(error));
                return;
            }
        };
        self.create_transport(slot, Target::Publisher, new);
        if is_single {
            self.answer_offer(now, slot, request, offer, sections, out);
            return;
        }
        let answer = self.run(now, (slot, Target::Publisher), out, |t| t.accept_offer(now, offer));
        let result = match answer {
            None => Err("the transport failed".to_owned()),
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
        out.reply(request, result);
    }

    /// An offer of a client that has one transport: it is to receive on it, too.
    fn answer_offer(
        &mut self,
        now: Instant,
        slot: usize,
        request: RequestId,
        offer: &str,
        sections: Vec<Section>,
        out: &mut Outputs,
    ) {
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let answered = contain(|| peer.answer_offer(now, offer, sections));
        let result = match answered {
            Err(text) => {
                out.reply(request, Err("the transport failed".into()));
                self.crash(now, slot, text, out);
                return;
            }
            Ok(result) => result,
        };
        match &result {
            Ok(Reply::Answer { sections, .. }) => self.remember_sections(slot, sections),
            _ => out.counters.refused_descriptions += 1,
        }
        out.reply(request, result);
        self.start_forwarding(now, slot, Target::Publisher, out);
    }

    /// What a peer receives was negotiated.
    fn start_forwarding(&mut self, now: Instant, slot: usize, target: Target, out: &mut Outputs) {
        self.refresh_receivers(slot);
        self.run(now, (slot, target), out, |_| ());
        self.retarget_peer(slot);
        self.request_awaited_keyframes(now, slot, out);
        self.announce_states(slot, None, out);
        self.announce_negotiation(slot, out);
    }

    /// What the client of a single transport has to offer next.
    pub fn require_sections(&mut self, slot: usize, request: RequestId, out: &mut Outputs) {
        if let Some(peer) = self.peer_at(slot).filter(|p| p.is_single) {
            let reply = peer.require_sections();
            out.reply(request, Ok(reply));
        } else {
            out.reply(request, Err("this peer is offered what it receives".into()));
        }
    }

    fn remember_sections(&mut self, slot: usize, sections: &[Section]) {
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
        slot: usize,
        request: RequestId,
        restart_ice: bool,
        new: impl FnOnce(Role) -> Transport,
        out: &mut Outputs,
    ) {
        if self.peer_at(slot).is_some_and(|p| p.is_single) {
            out.reply(request, Err("this peer offers itself".into()));
            return;
        }
        self.create_transport(slot, Target::Subscriber, new);
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let created = contain(|| peer.create_offer(restart_ice));
        match created {
            Err(text) => {
                out.reply(request, Err("the transport failed".into()));
                self.crash(now, slot, text, out);
            }
            Ok(Err(error)) => out.reply(request, Err(error)),
            Ok(Ok((reply, _))) => {
                self.refresh_receivers(slot);
                self.run(now, (slot, Target::Subscriber), out, |_| ());
                out.reply(request, Ok(reply));
            }
        }
    }

    pub fn accept_answer(&mut self, now: Instant, slot: usize, request: RequestId, answer: &str, out: &mut Outputs) {
        let Some(peer) = self.peer_at(slot) else {
            return;
        };
        let accepted = contain(|| peer.accept_answer(now, answer));
        let result = match accepted {
            Err(text) => {
                out.reply(request, Err("the transport failed".into()));
                self.crash(now, slot, text, out);
                return;
            }
            Ok(result) => result,
        };
        if result.is_err() {
            out.counters.refused_descriptions += 1;
        }
        out.reply(request, result.map(|()| Reply::AnswerAccepted));
        self.start_forwarding(now, slot, Target::Subscriber, out);
    }

    /// Tell a client which of its tracks, or whether one of them, is forwarded, when that is news to it.
    pub(super) fn announce_states(&mut self, slot: usize, track: Option<usize>, out: &mut Outputs) {
        let tracks = &self.tracks;
        let is_shown = |index: usize| tracks.get(index).and_then(Option::as_ref).is_none_or(|t| t.is_shown);
        if let Some(peer) = self.peers.get_mut(slot).and_then(Option::as_mut) {
            let id = peer.id;
            let news = peer.announce_states(track, is_shown);
            out.events.extend(news.into_iter().map(|(track, active)| Event::StreamStateChanged {
                peer: id,
                track,
                active,
            }));
        }
    }

    pub(super) fn announce_negotiation(&mut self, slot: usize, out: &mut Outputs) {
        if let Some(peer) = self.peer_at(slot)
            && peer.announce_negotiation()
        {
            out.events.push(Event::NegotiationNeeded { peer: peer.id });
        }
    }

    pub fn add_candidate(&mut self, now: Instant, at: (usize, Target), candidate: &str, out: &mut Outputs) {
        if self.run(now, at, out, |t| t.add_candidate(candidate)) == Some(false) {
            out.counters.ignored_candidates += 1;
        }
    }
}
