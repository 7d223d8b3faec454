//! Typed places in the tables of a shard and its rooms.
//!
//! Peers, tracks and taps are kept in slots and named by small indices, so that forwarding a packet
//! looks nothing up by handle. Each table has an index type of its own: a peer's slot cannot be
//! used to look up a track.

use std::marker::PhantomData;

/// An index of one table.
pub trait Place: Copy + Eq {
    fn at(index: usize) -> Self;
    fn index(self) -> usize;
}

macro_rules! place {
    ($($(#[$doc:meta])* $name:ident($number:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name($number);

        impl Place for $name {
            fn at(index: usize) -> Self {
                Self(index as $number)
            }

            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

place! {
    /// The place of a room in its shard.
    RoomSlot(u32);
    /// The place of a peer in its room.
    PeerSlot(u32);
    /// The place of a track in its room.
    TrackSlot(u32);
    /// The place of a tap in its room.
    TapSlot(u32);
    /// A media section among those sent to a client.
    SectionIndex(u32);
    /// An RTP stream among those sent on a transport.
    OutgoingIndex(u32);
}

/// A table whose entries keep their place until they are removed. A free place is used again, the
/// lowest first.
#[derive(Debug)]
pub struct Slots<P, T> {
    list: Vec<Option<T>>,
    place: PhantomData<P>,
}

impl<P, T> Default for Slots<P, T> {
    fn default() -> Self {
        Self { list: Vec::new(), place: PhantomData }
    }
}

impl<P: Place, T> Slots<P, T> {
    pub fn insert(&mut self, entry: T) -> P {
        let index = self.list.iter().position(Option::is_none).unwrap_or_else(|| {
            self.list.push(None);
            self.list.len() - 1
        });
        self.list[index] = Some(entry);
        P::at(index)
    }

    pub fn remove(&mut self, place: P) -> Option<T> {
        self.list.get_mut(place.index())?.take()
    }

    pub fn get(&self, place: P) -> Option<&T> {
        self.list.get(place.index())?.as_ref()
    }

    pub fn get_mut(&mut self, place: P) -> Option<&mut T> {
        self.list.get_mut(place.index())?.as_mut()
    }

    /// All places, the free ones too. It borrows nothing, so that the table may change meanwhile.
    pub fn places(&self) -> impl Iterator<Item = P> + use<P, T> {
        (0..self.list.len()).map(P::at)
    }

    pub fn iter(&self) -> impl Iterator<Item = (P, &T)> {
        self.list.iter().enumerate().filter_map(|(index, entry)| Some((P::at(index), entry.as_ref()?)))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (P, &mut T)> {
        self.list.iter_mut().enumerate().filter_map(|(index, entry)| Some((P::at(index), entry.as_mut()?)))
    }

    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.list.iter().flatten()
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.list.iter_mut().flatten()
    }

    pub fn is_empty(&self) -> bool {
        self.list.iter().all(Option::is_none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_keeps_its_place_and_a_free_one_is_used_again() {
        let mut slots: Slots<PeerSlot, &str> = Slots::default();
        let places = ["a", "b", "c"].map(|name| slots.insert(name));

        assert_eq!(slots.remove(places[1]), Some("b"));
        assert_eq!(slots.remove(places[1]), None);
        assert_eq!(slots.get(places[1]), None);
        assert_eq!(slots.get(places[2]), Some(&"c"));
        assert_eq!(slots.places().count(), 3);
        assert_eq!(slots.insert("d"), places[1]);
        assert_eq!(slots.values().copied().collect::<Vec<_>>(), ["a", "d", "c"]);
    }
}
