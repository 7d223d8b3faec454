//! Datagrams to send, stored back to back so that runs to one address can leave in one system call.

use crate::path::Path;

/// One datagram of a [`Datagrams`] buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram {
    pub path: Path,
    /// First byte in the buffer.
    pub start: usize,
    pub len: usize,
}

/// The datagrams that a shard sends, oldest first.
#[derive(Debug, Default)]
pub struct Datagrams {
    bytes: Vec<u8>,
    list: Vec<Datagram>,
}

impl Datagrams {
    pub fn push(&mut self, path: Path, contents: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(contents);
        self.list.push(Datagram { path, start, len: contents.len() });
    }

    /// Append a datagram that is written in place: `write` appends its bytes to the buffer it is
    /// given. When it returns false, there is no datagram.
    pub fn write(&mut self, path: Path, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.bytes.len();
        if write(&mut self.bytes) {
            self.list.push(Datagram { path, start, len: self.bytes.len() - start });
        } else {
            self.bytes.truncate(start);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.list.clear();
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn byte_count(&self) -> usize {
        self.bytes.len()
    }

    /// Every datagram with its bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&Datagram, &[u8])> {
        self.list.iter().map(|d| (d, &self.bytes[d.start..d.start + d.len]))
    }

    /// Runs that one send with UDP segmentation offload can carry: same path, same size except a
    /// shorter last one, at most `max_segments` of them and `max_bytes` together.
    pub fn runs(&self, max_segments: usize, max_bytes: usize) -> Runs<'_> {
        Runs { datagrams: self, next: 0, max_segments: max_segments.max(1), max_bytes }
    }
}

/// One send.
#[derive(Debug, PartialEq, Eq)]
pub struct Run<'a> {
    pub path: Path,
    pub bytes: &'a [u8],
    /// Size of every datagram but possibly the last.
    pub segment: usize,
    pub count: usize,
}

/// Iterator of [`Datagrams::runs`].
#[derive(Debug)]
pub struct Runs<'a> {
    datagrams: &'a Datagrams,
    next: usize,
    max_segments: usize,
    max_bytes: usize,
}

impl<'a> Iterator for Runs<'a> {
    type Item = Run<'a>;

    fn next(&mut self) -> Option<Run<'a>> {
        let list = &self.datagrams.list;
        let first = *list.get(self.next)?;
        let mut end = first.start + first.len;
        let mut count = 1;
        while let Some(d) = list.get(self.next + count) {
            let fits = d.path == first.path
                && d.len <= first.len
                && count < self.max_segments
                && d.start + d.len - first.start <= self.max_bytes;
            if !fits {
                break;
            }
            end = d.start + d.len;
            count += 1;
            if d.len < first.len {
                break;
            }
        }
        self.next += count;
        Some(Run { path: first.path, bytes: &self.datagrams.bytes[first.start..end], segment: first.len, count })
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn to(port: u16) -> Path {
        Path::udp(SocketAddr::from(([10, 0, 0, 1], 1)), SocketAddr::from(([10, 0, 0, 1], port)))
    }

    #[test]
    fn equal_sizes_to_one_address_form_a_run_that_a_shorter_one_ends() {
        let mut d = Datagrams::default();
        for len in [100, 100, 60, 60] {
            d.push(to(2), &vec![7; len]);
        }
        d.push(to(3), &[7; 60]);

        let runs: Vec<_> =
            d.runs(64, 65_000).map(|r| (r.path.remote.port(), r.segment, r.count, r.bytes.len())).collect();

        assert_eq!(runs, [(2, 100, 3, 260), (2, 60, 1, 60), (3, 60, 1, 60)]);
    }

    #[test]
    fn runs_respect_both_limits() {
        let mut d = Datagrams::default();
        for _ in 0..5 {
            d.push(to(2), &[0; 100]);
        }

        assert_eq!(d.runs(2, 65_000).map(|r| r.count).collect::<Vec<_>>(), [2, 2, 1]);
        assert_eq!(d.runs(64, 350).map(|r| r.count).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(d.runs(1, 65_000).count(), 5);
    }
}
