//! The few bytes of a payload that differ from subscriber to subscriber.

/// A short run of bytes that replaces bytes of a copy of the payload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PayloadPatch {
    at: u8,
    len: u8,
    bytes: [u8; 4],
}

impl PayloadPatch {
    /// An empty patch whose first byte will replace the one at this index.
    pub fn at(at: u8) -> Self {
        Self { at, ..Self::default() }
    }

    /// Replace one byte more. A patch holds at most four; a fifth is ignored.
    pub fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
            *place = byte;
            self.len += 1;
        }
    }

    /// Change a copy of the payload that the patch was made for. A payload that is too short stays
    /// as it is.
    pub fn apply(&self, payload: &mut [u8]) {
        let (at, len) = (usize::from(self.at), usize::from(self.len));
        if let Some(place) = payload.get_mut(at..at + len) {
            place.copy_from_slice(&self.bytes[..len]);
        }
    }
}
