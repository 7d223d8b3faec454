//! The bytes that wait to be written to one TCP connection.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};

use moothall_sfu_core::framing::{PREFIX, write_frame};

/// Frames, the first perhaps half written. A receiver that reads too slowly loses the newest: what
/// is behind a full buffer would come too late for media, and everybody else must not wait.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: VecDeque<u8>,
}

impl Outbox {
    /// Bytes that may wait. About a second of a slow connection, less than a tenth of a fast one.
    pub const LIMIT: usize = 128 * 1024;

    /// False when there is no room.
    pub fn push(&mut self, datagram: &[u8]) -> bool {
        if self.bytes.len() + PREFIX + datagram.len() > Self::LIMIT {
            return false;
        }
        write_frame(datagram, &mut self.bytes);
        true
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Write as much as goes without waiting; how many bytes that was.
    pub fn write_to(&mut self, stream: &mut impl Write) -> io::Result<usize> {
        let before = self.bytes.len();
        while !self.bytes.is_empty() {
            let (first, second) = self.bytes.as_slices();
            match stream.write_vectored(&[IoSlice::new(first), IoSlice::new(second)]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.bytes.drain(..written)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(before - self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use moothall_sfu_core::framing::Deframer;

    use super::*;

    /// Takes so many bytes, then would block.
    struct Pipe {
        taken: Vec<u8>,
        room: usize,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.taken.extend(&bytes[..count]);
            self.room -= count;
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn frames_stay_whole_however_slowly_they_are_read_and_the_newest_are_lost() {
        let (mut outbox, mut pipe) = (Outbox::default(), Pipe { taken: Vec::new(), room: 0 });
        let (mut accepted, mut refused) = (Vec::new(), 0);
        for i in 0..400u32 {
            let datagram = [&i.to_be_bytes()[..], &[7; 1000]].concat();
            if outbox.push(&datagram) {
                accepted.push(i);
            } else {
                refused += 1;
            }
            pipe.room += 333;
            outbox.write_to(&mut pipe).unwrap();
        }
        assert!(refused > 50, "{refused}");
        pipe.room = usize::MAX;
        outbox.write_to(&mut pipe).unwrap();
        assert!(outbox.is_empty());

        let mut received = Vec::new();
        Deframer::default()
            .read(&pipe.taken, |d| received.push(u32::from_be_bytes(d[..4].try_into().unwrap())))
            .unwrap();
        assert_eq!(received, accepted);
    }

    #[test]
    fn never_holds_more_than_its_limit() {
        let mut outbox = Outbox::default();

        while outbox.push(&[0; 1200]) {}

        assert!(outbox.bytes.len() <= Outbox::LIMIT && outbox.bytes.len() > Outbox::LIMIT - 1300);
        assert!(!outbox.is_empty());
    }
}
