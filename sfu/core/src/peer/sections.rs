//! The media sections sent to one client, and the subscriptions that wait for one.

use str0m::media::Mid;

use super::section::SendSection;
use super::subscription::Subscription;
use crate::ids::TrackId;
use crate::sdp::Msid;
use crate::slots::{Place, SectionIndex};

/// Sections are only ever appended (an index stays valid), except that a refused offer takes back
/// what it added.
#[derive(Default)]
pub struct Sections {
    list: Vec<SendSection>,
    /// Subscriptions that no section carries yet.
    pub waiting: Vec<Subscription>,
    /// Sections changed, and no offer has said so yet.
    pub needs_offer: bool,
    /// A `NegotiationNeeded` event is out, and no offer was asked for since.
    pub is_announced: bool,
}

impl Sections {
    /// Number of sections, carried subscriptions or not.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn get(&self, index: SectionIndex) -> Option<&SendSection> {
        self.list.get(index.index())
    }

    pub fn get_mut(&mut self, index: SectionIndex) -> Option<&mut SendSection> {
        self.list.get_mut(index.index())
    }

    pub fn iter(&self) -> impl Iterator<Item = &SendSection> {
        self.list.iter()
    }

    pub fn indexed(&self) -> impl Iterator<Item = (SectionIndex, &SendSection)> {
        self.list.iter().enumerate().map(|(index, section)| (SectionIndex::at(index), section))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut SendSection> {
        self.list.iter_mut()
    }

    pub fn push(&mut self, section: SendSection) {
        self.list.push(section);
    }

    /// Every section's index. It borrows nothing, so that sections may change meanwhile.
    pub fn indices(&self) -> impl Iterator<Item = SectionIndex> + use<> {
        (0..self.list.len()).map(SectionIndex::at)
    }

    /// The index that the next section to be appended gets.
    pub fn end(&self) -> SectionIndex {
        SectionIndex::at(self.list.len())
    }

    /// Takes back the sections from `first` on; their subscriptions wait again, and the next offer
    /// has to say so.
    pub fn take_back(&mut self, first: SectionIndex) {
        for section in self.list.drain(first.index()..) {
            self.waiting.extend(section.subscription);
        }
        self.needs_offer = true;
    }

    /// All subscriptions: those that a section carries, and those that wait.
    pub fn subscriptions(&mut self) -> impl Iterator<Item = &mut Subscription> {
        let carried = self.list.iter_mut().filter_map(|s| s.subscription.as_mut());
        carried.chain(self.waiting.iter_mut())
    }

    /// Sections that carry a subscription, with it.
    pub fn carrying(&self) -> impl Iterator<Item = (&SendSection, &Subscription)> {
        self.list.iter().filter_map(|s| Some((s, s.subscription.as_ref()?)))
    }

    /// The mid of every section that carries a track, with the track.
    pub fn tracks_by_mid(&self) -> Vec<(String, TrackId)> {
        self.carrying().map(|(section, s)| (section.mid.to_string(), s.handle)).collect()
    }

    /// The stream and track id that each section announces.
    pub fn msids(&self) -> Vec<Msid> {
        let msid = |(section, s): (&SendSection, &Subscription)| Msid {
            mid: section.mid.to_string(),
            stream_id: s.stream_id.clone(),
            track_id: s.track_id.clone(),
        };
        self.carrying().map(msid).collect()
    }

    pub fn with_mid(&self, mid: Mid) -> Option<&SendSection> {
        self.list.iter().find(|s| s.mid == mid)
    }
}
