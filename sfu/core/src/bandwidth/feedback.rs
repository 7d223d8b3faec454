//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1). Pure.

/// Bytes of base sequence number, status count, reference time and feedback count.
const HEADER_BYTES: usize = 8;
/// Units of the reference time and of the deltas, in µs
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 sections 3.1 and 3.1.5).
const REFERENCE_TIME_US: i64 = 64_000;
const DELTA_UNIT_US: i64 = 250;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symbol {
    Missing,
    SmallDelta,
    LargeDelta,
}

impl Symbol {
    fn of(bits: u16) -> Self {
        match bits {
            1 => Self::SmallDelta,
            2 => Self::LargeDelta,
            // Three is reserved: it has no delta.
            _ => Self::Missing,
        }
    }
}

/// Symbols of one chunk and how many of them there are.
fn symbols(chunk: u16) -> impl Iterator<Item = Symbol> {
    let (count, symbol): (u16, fn(u16, u16) -> u16) = match chunk >> 14 {
        0 | 1 => (chunk & 0x1fff, |chunk, _| chunk >> 13 & 3),
        2 => (14, |chunk, at| chunk >> (13 - at) & 1),
        _ => (7, |chunk, at| chunk >> (12 - 2 * at) & 3),
    };
    (0..count).map(move |at| Symbol::of(symbol(chunk, at)))
}

/// Read a message from its base sequence number on and tell, in order, of every packet it speaks
/// of: its number, and when it arrived, in µs of the receiver's clock; `None`: it did not. It stops
/// at a malformed part, and after `most` packets.
pub fn read(message: &[u8], most: usize, mut tell: impl FnMut(u16, Option<i64>)) {
    let [b1, b0, c1, c0, r2, r1, r0, _, body @ ..] = message else {
        return;
    };
    debug_assert_eq!(message.len() - body.len(), HEADER_BYTES);
    let base = u16::from_be_bytes([*b1, *b0]);
    let count = usize::from(u16::from_be_bytes([*c1, *c0]));
    // 24 bits, signed.
    let reference = i64::from(i32::from_be_bytes([*r2, *r1, *r0, 0]) >> 8) * REFERENCE_TIME_US;
    let Some(chunks_end) = end_of_chunks(body, count) else {
        return;
    };
    let (chunks, mut deltas) = body.split_at(chunks_end);
    let statuses = chunks.chunks_exact(2).flat_map(|c| symbols(u16::from_be_bytes([c[0], c[1]])));
    let mut arrival = reference;
    for (at, symbol) in statuses.take(count.min(most)).enumerate() {
        let delta = match (symbol, deltas) {
            (Symbol::Missing, _) => None,
            (Symbol::SmallDelta, [small, rest @ ..]) => {
                deltas = rest;
                Some(i64::from(*small))
            }
            (Symbol::LargeDelta, [high, low, rest @ ..]) => {
                deltas = rest;
                Some(i64::from(i16::from_be_bytes([*high, *low])))
            }
            _ => return,
        };
        arrival += delta.unwrap_or(0) * DELTA_UNIT_US;
        tell(base.wrapping_add(at as u16), delta.map(|_| arrival));
    }
}

/// The end of the chunks that hold `count` statuses.
fn end_of_chunks(body: &[u8], count: usize) -> Option<usize> {
    let (mut covered, mut end) = (0, 0);
    while covered < count {
        let chunk = body.get(end..end + 2)?;
        let chunk = u16::from_be_bytes([chunk[0], chunk[1]]);
        covered += match chunk >> 14 {
            0 | 1 => usize::from(chunk & 0x1fff).max(1),
            2 => 14,
            _ => 7,
        };
        end += 2;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: usize = 100;

    fn told(message: &[u8]) -> Vec<(u16, Option<i64>)> {
        let mut told = Vec::new();
        read(message, MOST, |seq, arrival| told.push((seq, arrival)));
        told
    }

    #[test]
    fn reads_runs_and_both_vectors() {
        // Reference 3 = 192 ms. Two received by a run, then a vector of ones and zeros, then one of
        // two bits each.
        let mut message = vec![0xff, 0xff, 0, 20, 0, 0, 3, 7];
        message.extend(0b0010_0000_0000_0010_u16.to_be_bytes());
        message.extend(0b1010_0000_0000_0001_u16.to_be_bytes());
        message.extend(0b1110_0100_0000_0000_u16.to_be_bytes());
        message.extend([4, 4, 0, 8]);
        message.extend((-4i16).to_be_bytes());
        message.push(12);

        let told = told(&message);

        assert_eq!(told.len(), 20);
        let received: Vec<_> = told.into_iter().filter_map(|(seq, at)| Some((seq, at?))).collect();
        let ms = |ms: i64| ms * 1000;
        assert_eq!(
            received,
            [(0xffff, ms(193)), (0, ms(194)), (1, ms(194)), (14, ms(196)), (15, ms(195)), (16, ms(198))]
        );
    }

    #[test]
    fn the_reference_may_be_negative_and_what_is_cut_off_is_not_told() {
        assert_eq!(told(&[0, 9, 0, 1, 0xff, 0xff, 0xff, 0, 0x20, 1, 0]), [(9, Some(-64_000))]);
        assert_eq!(told(&[0, 9, 0, 2, 0, 0, 0, 0, 0x20, 2, 4]), [(9, Some(1000))]);
        assert_eq!(told(&[0, 9, 0, 9, 0, 0, 0, 0, 0x20, 2, 4]), []);
    }

    #[test]
    fn what_is_too_much_is_not_told_and_the_rest_is_told_right() {
        // Three runs of a hundred and fifty: the times come after all of them.
        let mut message = vec![0, 0, 1, 194, 0, 0, 0, 0];
        (0..3).for_each(|_| message.extend((0x2000_u16 + 150).to_be_bytes()));
        message.extend([4; 450]);

        let told = told(&message);

        assert_eq!(told.len(), MOST);
        assert!(told.iter().all(|(seq, at)| *at == Some((i64::from(*seq) + 1) * 1000)), "{told:?}");
    }

    proptest! {
        #[test]
        fn nothing_panics_or_tells_without_end(message in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(told(&message).len() <= MOST);
        }
    }
}
