//! The dependency descriptor (AV1 RTP payload specification, appendix A): which frame a packet
//! belongs to, in which layer, and which frames it is decoded from. It is a header extension, so it
//! can be read where the payload is encrypted end to end.

use std::fmt;

/// Ids of templates come round at this one, so there are never more.
const MAX_TEMPLATES: usize = 64;
/// Frames that one frame may refer to; more are not believed.
const MAX_REFERENCES: usize = 8;
/// Bytes of the fields that every descriptor has.
const MANDATORY: usize = 3;

/// Distances to the frames that a frame is decoded from.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct References {
    distances: [u16; MAX_REFERENCES],
    len: u8,
}

impl References {
    fn push(&mut self, distance: u16) -> Option<()> {
        *self.distances.get_mut(usize::from(self.len))? = distance;
        self.len += 1;
        Some(())
    }

    /// The distance of each in frames before this one; never 0.
    pub fn distances(&self) -> &[u16] {
        &self.distances[..usize::from(self.len)]
    }
}

impl fmt::Debug for References {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.distances().fmt(f)
    }
}

/// The frame that a packet belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameInfo {
    pub starts_frame: bool,
    pub ends_frame: bool,
    /// Counts frames of all layers, modulo 2^16.
    pub number: u16,
    pub spatial: u8,
    pub temporal: u8,
    pub references: References,
    /// A coded video sequence begins with this frame.
    pub is_key: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Template {
    spatial: u8,
    temporal: u8,
    references: References,
}

/// The templates that the descriptors of one stream refer to until its next key frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateStructure {
    id_offset: u8,
    decode_targets: u8,
    chains: u8,
    templates: Vec<Template>,
}

impl TemplateStructure {
    /// The highest spatial layer of the stream.
    pub fn highest_spatial(&self) -> u8 {
        self.templates.iter().map(|t| t.spatial).max().unwrap_or(0)
    }
}

/// Read a descriptor. `structure` is that of the stream, and is replaced when the descriptor brings
/// another one. `None` for a descriptor that is malformed or refers to a template that is not
/// known.
pub fn read(bytes: &[u8], structure: &mut Option<TemplateStructure>) -> Option<FrameInfo> {
    let mut bits = Bits::new(bytes);
    let starts_frame = bits.flag()?;
    let ends_frame = bits.flag()?;
    let template_id = bits.take(6)? as u8;
    let number = bits.take(16)? as u16;
    let (mut has_own_targets, mut has_own_references, mut is_key) = (false, false, false);
    if bytes.len() > MANDATORY {
        is_key = bits.flag()?;
        let has_active_targets = bits.flag()?;
        has_own_targets = bits.flag()?;
        has_own_references = bits.flag()?;
        let _has_own_chains = bits.flag()?;
        if is_key {
            *structure = Some(read_structure(&mut bits)?);
        }
        if has_active_targets {
            bits.skip(usize::from(structure.as_ref()?.decode_targets))?;
        }
    }
    let known = structure.as_ref()?;
    let index = template_id.wrapping_sub(known.id_offset) % MAX_TEMPLATES as u8;
    let template = known.templates.get(usize::from(index))?;
    let mut references = template.references;
    if has_own_targets {
        bits.skip(2 * usize::from(known.decode_targets))?;
    }
    if has_own_references {
        references = read_own_references(&mut bits)?;
    }
    let Template { spatial, temporal, .. } = *template;
    Some(FrameInfo { starts_frame, ends_frame, number, spatial, temporal, references, is_key })
}

fn read_structure(bits: &mut Bits<'_>) -> Option<TemplateStructure> {
    let id_offset = bits.take(6)? as u8;
    let decode_targets = bits.take(5)? as u8 + 1;
    let mut templates = Vec::new();
    let (mut spatial, mut temporal) = (0u8, 0u8);
    loop {
        if templates.len() >= MAX_TEMPLATES {
            return None;
        }
        templates.push(Template { spatial, temporal, references: References::default() });
        match bits.take(2)? {
            0 => {}
            1 => temporal += 1,
            2 => (spatial, temporal) = (spatial + 1, 0),
            _ => break,
        }
    }
    bits.skip(2 * templates.len() * usize::from(decode_targets))?;
    for template in &mut templates {
        while bits.flag()? {
            template.references.push(bits.take(4)? as u16 + 1)?;
        }
    }
    let chains = bits.take_below(u32::from(decode_targets) + 1)? as u8;
    if chains > 0 {
        for _ in 0..decode_targets {
            bits.take_below(u32::from(chains))?;
        }
        bits.skip(4 * templates.len() * usize::from(chains))?;
    }
    if bits.flag()? {
        bits.skip(32 * (usize::from(spatial) + 1))?;
    }
    Some(TemplateStructure { id_offset, decode_targets, chains, templates })
}

fn read_own_references(bits: &mut Bits<'_>) -> Option<References> {
    let mut references = References::default();
    loop {
        let size = bits.take(2)?;
        if size == 0 {
            return Some(references);
        }
        references.push(bits.take(4 * size)? as u16 + 1)?;
    }
}

/// A descriptor with its bytes, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyDescriptor {
    pub frame: FrameInfo,
    bytes: Vec<u8>,
}

impl DependencyDescriptor {
    /// See [`read`].
    pub fn read(bytes: &[u8], structure: &mut Option<TemplateStructure>) -> Option<Self> {
        let frame = read(bytes, structure)?;
        Some(Self { frame, bytes: bytes.to_vec() })
    }

    /// Bytes of a copy.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Append a copy that calls the frame by another number.
    pub fn write(&self, number: u16, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        if let Some(place) = out.get_mut(start + 1..start + MANDATORY) {
            place.copy_from_slice(&number.to_be_bytes());
        }
    }
}

/// Reads bits, the most significant first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    /// At most 32 of them.
    fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | u32::from(self.flag()?)))
    }

    /// A number below `bound`, in as few bits as that takes: `ns(n)` of the AV1 specification,
    /// section 4.10.7.
    fn take_below(&mut self, bound: u32) -> Option<u32> {
        let width = u32::BITS - bound.leading_zeros();
        let short = (1 << width) - bound;
        let value = self.take(width.checked_sub(1)?)?;
        if value < short {
            return Some(value);
        }
        Some((value << 1) - short + u32::from(self.flag()?))
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.at += count;
        (self.at <= 8 * self.bytes.len()).then_some(())
    }
}

/// Writes descriptors, for tests and to begin fuzzing from.
#[cfg(any(test, feature = "fuzzing"))]
pub mod writing {
    /// Bits, the most significant first.
    #[derive(Debug, Default)]
    pub struct BitWriter {
        bits: Vec<bool>,
    }

    impl BitWriter {
        #[must_use]
        pub fn put(mut self, value: u32, count: u32) -> Self {
            self.bits.extend((0..count).rev().map(|at| value >> at & 1 == 1));
            self
        }

        pub fn bytes(&self) -> Vec<u8> {
            let byte = |bits: &[bool]| (0..8).fold(0, |b, at| b << 1 | u8::from(bits.get(at) == Some(&true)));
            self.bits.chunks(8).map(byte).collect()
        }
    }

    /// A descriptor of a stream with `spatial` × `temporal` layers; layer (s, t) has the template
    /// `t + temporal * s`. A key frame brings the structure. `references`: distances to the frames
    /// it is decoded from.
    pub fn descriptor(
        (spatial, temporal): (u8, u8),
        layer: (u8, u8),
        number: u16,
        is_key: bool,
        references: &[u16],
    ) -> Vec<u8> {
        let template = u32::from(layer.1 + temporal * layer.0);
        let mut bits = BitWriter::default().put(0b11, 2).put(template, 6).put(u32::from(number), 16);
        // The structure, active targets, own targets, own references, own chains.
        bits = bits.put(u32::from(is_key), 1).put(0, 2).put(1, 1).put(0, 1);
        if is_key {
            bits = bits.put(0, 6).put(u32::from(spatial * temporal - 1), 5);
            for at in 1..=spatial * temporal {
                let next = if at == spatial * temporal {
                    3
                } else if at % temporal == 0 {
                    2
                } else {
                    1
                };
                bits = bits.put(next, 2);
            }
            let cells = u32::from(spatial * temporal).pow(2);
            bits = (0..cells).fold(bits, |bits, _| bits.put(2, 2));
            bits = (0..spatial * temporal).fold(bits, |bits, _| bits.put(0, 1));
            // No chains, which is one bit less than the numbers up to the count of targets take; no
            // resolutions.
            let width = (u32::from(spatial * temporal) + 1).ilog2();
            bits = bits.put(0, width).put(0, 1);
        }
        for reference in references {
            bits = bits.put(2, 2).put(u32::from(*reference) - 1, 8);
        }
        bits.put(0, 2).bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::writing::descriptor;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_a_key_frame_brings_and_later_frames_refer_to() {
        let mut structure = None;
        let key = read(&descriptor((3, 3), (0, 0), 0xfffe, true, &[]), &mut structure).unwrap();
        assert!(key.is_key && key.starts_frame && key.ends_frame);
        assert_eq!((key.number, key.spatial, key.temporal), (0xfffe, 0, 0));
        assert_eq!(structure.as_ref().map(TemplateStructure::highest_spatial), Some(2));
        let later = read(&descriptor((3, 3), (2, 1), 7, false, &[1, 9]), &mut structure).unwrap();
        assert_eq!((later.number, later.spatial, later.temporal, later.is_key), (7, 2, 1, false));
        assert_eq!(later.references.distances(), [1, 9]);
    }

    #[test]
    fn a_frame_without_a_known_structure_cannot_be_read() {
        assert_eq!(read(&[0xc0, 0, 2], &mut None), None);
    }

    #[test]
    fn what_refers_to_nothing_known_is_nothing() {
        assert_eq!(read(&[], &mut None), None);
        assert_eq!(read(&descriptor((1, 1), (0, 0), 1, false, &[1]), &mut None), None);
        let mut structure = None;
        read(&descriptor((1, 2), (0, 0), 1, true, &[]), &mut structure).unwrap();
        assert_eq!(read(&descriptor((1, 2), (1, 0), 2, false, &[1]), &mut structure), None, "template 2 of 2");
    }

    #[test]
    fn a_copy_differs_in_the_number_alone() {
        let bytes = descriptor((2, 1), (0, 0), 9, true, &[]);
        let copied = DependencyDescriptor::read(&bytes, &mut None).unwrap();
        let mut out = vec![1];
        copied.write(0x1234, &mut out);
        let again = DependencyDescriptor::read(&out[1..], &mut None).unwrap();
        assert_eq!(again.frame, FrameInfo { number: 0x1234, ..copied.frame });
        assert_eq!(out.len(), 1 + copied.size());
    }

    #[test]
    fn numbers_below_a_bound_take_as_few_bits_as_they_can() {
        // Five values: 0, 1 and 2 take two bits, 3 and 4 three.
        let of = |byte: u8| Bits::new(&[byte]).take_below(5);
        assert_eq!([0x00, 0x40, 0x80, 0xc0, 0xe0].map(of), [0, 1, 2, 3, 4].map(Some));
        assert_eq!(Bits::new(&[]).take_below(1), Some(0));
    }

    proptest! {
        #[test]
        fn nothing_panics(streams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 0..5)) {
            let mut structure = None;
            for bytes in streams {
                if let Some(frame) = read(&bytes, &mut structure) {
                    prop_assert!(frame.references.distances().iter().all(|d| *d > 0));
                    prop_assert!(frame.spatial < 64 && frame.temporal < 64);
                }
            }
        }

        #[test]
        fn what_is_written_is_read(
            (spatial, temporal) in (1u8..4, 1u8..4), number: u16, is_key: bool,
            references in proptest::collection::vec(1u16..200, 0..8)
        ) {
            let layers = (spatial, temporal);
            let mut structure = None;
            read(&descriptor(layers, (0, 0), 0, true, &[]), &mut structure).unwrap();
            let layer = (number as u8 % spatial, number as u8 % temporal);
            let frame = read(&descriptor(layers, layer, number, is_key, &references), &mut structure).unwrap();
            prop_assert_eq!((frame.number, frame.is_key), (number, is_key));
            prop_assert_eq!((frame.spatial, frame.temporal), layer);
            prop_assert_eq!(frame.references.distances(), references);
        }
    }
}
