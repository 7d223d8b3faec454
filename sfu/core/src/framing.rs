//! Datagrams on a byte stream: each is preceded by its length in two bytes (RFC 4571).

use crate::limits::MAX_DATAGRAM;

/// Bytes before each datagram.
pub const PREFIX: usize = 2;

/// A frame is longer than any datagram may be. The frames after it on the stream cannot be told
/// apart any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameTooLong;

/// Takes a stream apart. Holds at most one unfinished frame.
#[derive(Debug, Default)]
pub struct Deframer {
    unfinished: Vec<u8>,
}

impl Deframer {
    /// The next bytes of the stream; `take` gets every datagram that is complete, which is never
    /// empty.
    pub fn read(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8])) -> Result<(), FrameTooLong> {
        while !self.unfinished.is_empty() && !bytes.is_empty() {
            let wanted = match frame_len(&self.unfinished)? {
                Some(len) => len - self.unfinished.len(),
                None => PREFIX - self.unfinished.len(),
            };
            let (more, rest) = bytes.split_at(wanted.min(bytes.len()));
            self.unfinished.extend_from_slice(more);
            bytes = rest;
            if frame_len(&self.unfinished)? == Some(self.unfinished.len()) {
                tell(&self.unfinished, &mut take);
                self.unfinished.clear();
            }
        }
        while let Some(len) = frame_len(bytes)? {
            let Some((frame, rest)) = bytes.split_at_checked(len) else {
                break;
            };
            tell(frame, &mut take);
            bytes = rest;
        }
        self.unfinished.extend_from_slice(bytes);
        Ok(())
    }
}

fn tell(frame: &[u8], take: &mut impl FnMut(&[u8])) {
    // An empty frame is allowed and says nothing.
    if frame.len() > PREFIX {
        take(&frame[PREFIX..]);
    }
}

/// Bytes of the frame that begins here, its prefix included, once the prefix is there.
fn frame_len(bytes: &[u8]) -> Result<Option<usize>, FrameTooLong> {
    let [high, low, ..] = bytes else {
        return Ok(None);
    };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    if len > MAX_DATAGRAM { Err(FrameTooLong) } else { Ok(Some(PREFIX + len)) }
}

/// Append a datagram to a stream. It has at most [`u16::MAX`] bytes, as every datagram has.
pub fn write_frame(datagram: &[u8], stream: &mut impl Extend<u8>) {
    debug_assert!(u16::try_from(datagram.len()).is_ok());
    stream.extend((datagram.len() as u16).to_be_bytes());
    stream.extend(datagram.iter().copied());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream_of(datagrams: &[Vec<u8>]) -> Vec<u8> {
        let mut stream = Vec::new();
        for datagram in datagrams {
            write_frame(datagram, &mut stream);
        }
        stream
    }

    fn deframe<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Vec<u8>>, FrameTooLong> {
        let (mut deframer, mut datagrams) = (Deframer::default(), Vec::new());
        for piece in pieces {
            deframer.read(piece, |d| datagrams.push(d.to_vec()))?;
            assert!(deframer.unfinished.len() < PREFIX + MAX_DATAGRAM);
        }
        Ok(datagrams)
    }

    #[test]
    fn a_frame_too_long_ends_the_stream_even_before_it_is_there() {
        let mut stream = stream_of(&[vec![1; 5]]);
        stream.extend(((MAX_DATAGRAM + 1) as u16).to_be_bytes());

        assert_eq!(deframe([&stream[..]]), Err(FrameTooLong));
        assert_eq!(deframe(stream.chunks(1)), Err(FrameTooLong));
    }

    #[test]
    fn empty_frames_say_nothing() {
        let stream = stream_of(&[vec![], vec![1], vec![], vec![2]]);

        assert_eq!(deframe([&stream[..]]), Ok(vec![vec![1], vec![2]]));
        assert_eq!(deframe(stream.chunks(1)), Ok(vec![vec![1], vec![2]]));
    }

    proptest! {
        #[test]
        fn datagrams_come_out_as_they_went_in_however_the_stream_is_cut(
            datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..2000), 0..8),
            cuts in proptest::collection::vec(1usize..3000, 1..20),
        ) {
            let stream = stream_of(&datagrams);
            let (mut pieces, mut rest) = (Vec::new(), &stream[..]);
            for cut in cuts.iter().cycle().take(stream.len() + 1) {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            prop_assert!(rest.is_empty());
            prop_assert_eq!(deframe(pieces), Ok(datagrams));
        }

        #[test]
        fn no_stream_panics(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..600), 0..10)) {
            let _ = deframe(pieces.iter().map(Vec::as_slice));
        }
    }
}
