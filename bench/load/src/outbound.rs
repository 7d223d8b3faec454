//! The media of a publisher: frames of equal packets at a steady rate, encrypted once.

use std::net::SocketAddrV4;

use crate::net::Mux;
use crate::rtp::{self, Source, TRAILER_BYTES, Trailer};
use crate::srtp::Context;

/// Key frames answer requests no more often than this.
const KEY_FRAME_INTERVAL_NS: u64 = 300_000_000;

/// The shape of a track or layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    pub frames_per_second: f64,
    pub packets_per_frame: u32,
    /// The size of each packet without its RTP header.
    pub payload_bytes: usize,
    pub width: u16,
    pub height: u16,
}

impl Shape {
    pub fn packets_per_second(&self) -> f64 {
        self.frames_per_second * f64::from(self.packets_per_frame)
    }
}

/// One SSRC to send.
pub struct Outbound {
    pub source: Source,
    pub shape: Shape,
    pub ssrc: u32,
    pub sent: u64,
    octets: u32,
    payload_type: u8,
    sequence: u16,
    rollover: u32,
    timestamp: u32,
    ticks_per_frame: u32,
    picture: u16,
    key_frame_wanted: bool,
    key_frame_at: u64,
    extensions: Vec<u8>,
    /// Where in `extensions` the transport-wide sequence number is.
    transport_cc: Option<usize>,
    next_due_ns: u64,
    interval_ns: u64,
}

/// Header extensions of a stream: what the answer has agreed to.
#[derive(Debug, Default)]
pub struct Extensions {
    pub mid: Option<(u8, String)>,
    pub rid: Option<(u8, String)>,
    /// Id and level in -dBov.
    pub audio_level: Option<(u8, u8)>,
    pub transport_cc: Option<u8>,
}

impl Outbound {
    /// `first_due_ns` spreads the streams over the frame interval.
    pub fn new(source: Source, shape: Shape, ssrc: u32, payload_type: u8, extensions: &Extensions, first_due_ns: u64) -> Self {
        let level = extensions.audio_level.map(|(id, level)| (id, [if level < 127 { 0x80 | level } else { 127 }]));
        let mut elements: Vec<(u8, &[u8])> = Vec::new();
        // First, so that its place does not depend on the others.
        elements.extend(extensions.transport_cc.map(|id| (id, &[0, 0][..])));
        elements.extend(level.as_ref().map(|(id, level)| (*id, &level[..])));
        elements.extend(extensions.mid.as_ref().map(|(id, mid)| (*id, mid.as_bytes())));
        elements.extend(extensions.rid.as_ref().map(|(id, rid)| (*id, rid.as_bytes())));
        let clock_rate = if source.video { 90_000.0 } else { 48_000.0 };
        Outbound {
            source,
            shape,
            ssrc,
            sent: 0,
            octets: 0,
            payload_type,
            sequence: 1,
            rollover: 0,
            timestamp: 3_000,
            ticks_per_frame: (clock_rate / shape.frames_per_second) as u32,
            picture: 1,
            key_frame_wanted: true,
            key_frame_at: 0,
            extensions: rtp::extension_block(&elements),
            transport_cc: extensions.transport_cc.map(|_| 5),
            next_due_ns: first_due_ns,
            interval_ns: (1e9 / shape.frames_per_second) as u64,
        }
    }

    pub fn want_key_frame(&mut self) {
        self.key_frame_wanted = true;
    }

    /// Queues the frames that are due. `transport_sequence` counts the packets of the transport.
    pub fn send_due(
        &mut self,
        now_ns: u64,
        keys: &mut Context,
        transport_sequence: &mut u16,
        mux: &mut Mux,
        transport: usize,
        to: SocketAddrV4,
    ) {
        while self.next_due_ns <= now_ns {
            self.next_due_ns += self.interval_ns;
            let key_frame = self.key_frame_wanted && now_ns >= self.key_frame_at;
            if key_frame {
                self.key_frame_wanted = false;
                self.key_frame_at = now_ns + KEY_FRAME_INTERVAL_NS;
            }
            for index in 0..self.shape.packets_per_frame {
                if let Some(at) = self.transport_cc {
                    self.extensions[at..at + 2].copy_from_slice(&transport_sequence.to_be_bytes());
                    *transport_sequence = transport_sequence.wrapping_add(1);
                }
                let room = 12 + self.extensions.len() + self.shape.payload_bytes + 16;
                mux.queue(transport, to, room, |out| self.write(out, now_ns, keys, index, key_frame));
            }
            self.timestamp = self.timestamp.wrapping_add(self.ticks_per_frame);
            self.picture = self.picture.wrapping_add(1);
        }
    }

    fn write(&mut self, out: &mut [u8], now_ns: u64, keys: &mut Context, index: u32, key_frame: bool) -> usize {
        let last = index + 1 == self.shape.packets_per_frame;
        let marker = self.source.video && last;
        let header = rtp::write_header(out, marker, self.payload_type, self.sequence, self.timestamp, self.ssrc, &self.extensions);
        let length = header + self.shape.payload_bytes;
        if self.source.video {
            rtp::write_vp8(&mut out[header..], index == 0, key_frame, self.picture, self.shape.width, self.shape.height);
        } else {
            // A table of contents byte of Opus: CELT, 20 ms, one frame, mono (RFC 6716 §3.1).
            out[header] = 0xF8;
        }
        Trailer { source: self.source, sent_ns: now_ns }.write(&mut out[length - TRAILER_BYTES..length]);
        let protected = keys.protect_rtp(out, header, length, self.rollover);
        self.sent += 1;
        self.octets = self.octets.wrapping_add(self.shape.payload_bytes as u32);
        self.sequence = self.sequence.wrapping_add(1);
        if self.sequence == 0 {
            self.rollover += 1;
        }
        protected
    }

    pub fn sender_report(&self, out: &mut Vec<u8>, now_ns: u64) {
        crate::rtcp::sender_report(out, self.ssrc, now_ns, self.timestamp, self.sent as u32, self.octets);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::rtp::Header;
    use crate::srtp::Profile;

    const SHAPE: Shape = Shape { frames_per_second: 25.0, packets_per_frame: 4, payload_bytes: 1100, width: 640, height: 360 };

    #[test]
    fn a_second_of_video_is_what_its_shape_says() {
        let mut mux = Mux::open(Ipv4Addr::new(127, 66, 0, 0), 1, false, true).expect("sockets");
        let mut keys = Context::new(Profile::Aes128Gcm, &[1; 16], &[2; 12]);
        let mut receiver = Context::new(Profile::Aes128Gcm, &[1; 16], &[2; 12]);
        let source = Source { publisher: 1, video: true, layer: 0 };
        let extensions = Extensions { mid: Some((4, "1".into())), transport_cc: Some(3), ..Extensions::default() };
        let mut stream = Outbound::new(source, SHAPE, 9, 96, &extensions, 0);
        let mut transport_sequence = 7;
        let to = mux.address(1);
        for millisecond in 0..1000 {
            stream.send_due(millisecond * 1_000_000, &mut keys, &mut transport_sequence, &mut mux, 0, to);
            if millisecond == 500 {
                stream.want_key_frame();
            }
        }
        mux.flush();
        assert_eq!((stream.sent, transport_sequence), (100, 107));
        let (mut key_frames, mut markers, mut expected) = (0, 0, 1);
        mux.receive(|transport, packet, _| {
            assert_eq!(transport, 1);
            let header = Header::read(packet).expect("whole");
            assert_eq!((header.sequence, header.ssrc), (expected, 9));
            assert_eq!(header.extension(packet, 3), Some(&(6 + expected).to_be_bytes()[..]));
            assert_eq!(header.extension(packet, 4), Some(&b"1"[..]));
            expected += 1;
            markers += u32::from(packet[1] >> 7);
            let length = receiver.unprotect_rtp(packet, header.length, 0).expect("authentic");
            let payload = &packet[header.length..length];
            assert_eq!((payload.len(), Trailer::read(payload).expect("ours").source), (1100, source));
            key_frames += u32::from(payload[0] & 0x10 != 0 && payload[4] & 1 == 0);
        })
        .expect("received");
        assert_eq!((expected, markers, key_frames), (101, 25, 2));
    }
}
