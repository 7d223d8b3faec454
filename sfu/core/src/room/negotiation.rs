//! Offers and answers, and what clients are told of what they subscribe to.

use std::time::Instant;

use str0m::media::Mid;

use super::{OfferedSection, Outputs, Room};
use crate::commands::Target;
use crate::containment::contain;
use crate::events::{Event, Reply, Section};
use crate::ids::RequestId;
use crate::sdp;
use crate::transport::Transport;

impl Room {
    fn create_transport(&mut self, slot: usize, target: Target, new: impl FnOnce(Target) -> Transport) {
        if let Some(peer) = self.peer_at(slot) {
            let place = match target {
                Target::Publisher => &mut peer.publisher,
                Target::Subscriber => &mut peer.subscriber,
            };
            place.get_or_insert_with(|| new(target));
        }
    }

    pub fn accept_offer(
        &mut self,
        now: Instant,
        slot: usize,
        request: RequestId,
        offer: &str,
        new: impl FnOnce(Target) -> Transport,
        out: &mut Outputs,
    ) {
        let sections = match sdp::inspect_offer(offer) {
            Ok(sections) => sections,
            Err(error) => {
                out.counters.refused_descriptions += 1;
                out.reply(request, Err(error));
                return;
            }
        };
        self.create_transport(slot, Target::Publisher, new);
        let answer = self.run(now, (slot, Target::Publisher), out, |t| t.accept_offer(now, offer));
        let result = match answer {
            None => Err("the transport failed".to_owned()),
            Some(Err(error)) => {
                out.counters.refused_descriptions += 1;
                Err(error)
            }
            Some(Ok(answer)) => {
                self.remember_sections(slot, &sections);
                Ok(Reply::Answer { sdp: sdp::allow_discontinuous_audio(&answer), sections })
            }
        };
        out.reply(request, result);
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
        new: impl FnOnce(Target) -> Transport,
        out: &mut Outputs,
    ) {
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
        self.refresh_receivers(slot);
        self.run(now, (slot, Target::Subscriber), out, |_| ());
        out.reply(request, result.map(|()| Reply::AnswerAccepted));
        self.retarget_peer(slot);
        self.request_awaited_keyframes(now, slot, out);
        self.announce_states(slot, None, out);
        self.announce_negotiation(slot, out);
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
