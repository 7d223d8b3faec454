//! The data channels the server opens: the SCTP association is made and each channel acknowledged
//! (RFC 8832), because servers call a peer connected only then. Messages are read and dropped.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use sctp_proto::{
    Association, AssociationHandle, ClientConfig, DatagramEvent, Endpoint, EndpointConfig, Event, Payload, PayloadProtocolIdentifier,
    ServerConfig, StreamEvent,
};

const DCEP_OPEN: u8 = 0x03;
const DCEP_ACK: u8 = 0x02;

pub struct DataChannels {
    endpoint: Endpoint,
    peer: SocketAddr,
    association: Option<(AssociationHandle, Association)>,
    /// Channels the server has opened.
    pub opened: usize,
}

impl DataChannels {
    /// `client`: we send the INIT, as the end that is active in DTLS does.
    pub fn new(client: bool) -> Self {
        let mut endpoint = Endpoint::new(Arc::new(EndpointConfig::default()), Some(Arc::new(ServerConfig::default())));
        // SCTP runs inside DTLS: it has no address of its own, and the library only tells peers
        // apart by it.
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 5000));
        let association = client.then(|| endpoint.connect(ClientConfig::default(), peer).expect("a fresh endpoint has room"));
        DataChannels { endpoint, peer, association, opened: 0 }
    }

    pub fn receive(&mut self, now: Instant, message: Vec<u8>) {
        match self.endpoint.handle(now, self.peer, None, None, Bytes::from(message)) {
            // Some servers send an INIT of their own: they answer ours all the same, and one
            // association is enough.
            Some((handle, DatagramEvent::NewAssociation(association))) if self.association.is_none() => {
                self.association = Some((handle, association));
            }
            Some((_, DatagramEvent::AssociationEvent(event))) => {
                if let Some((_, association)) = &mut self.association {
                    association.handle_event(event);
                }
            }
            _ => {}
        }
        self.advance(now);
    }

    /// Moves timers and events along; to be called a few times a second as well.
    pub fn advance(&mut self, now: Instant) {
        let Some((handle, association)) = &mut self.association else { return };
        if association.poll_timeout().is_some_and(|deadline| deadline <= now) {
            association.handle_timeout(now);
        }
        while let Some(event) = association.poll_endpoint_event() {
            if let Some(event) = self.endpoint.handle_event(*handle, event) {
                association.handle_event(event);
            }
        }
        while let Some(event) = association.poll() {
            let Event::Stream(StreamEvent::Readable { id }) = event else { continue };
            while let Ok(mut stream) = association.stream(id) {
                let Ok(Some(chunks)) = stream.read_sctp() else { break };
                let mut message = vec![0; chunks.len()];
                let read = chunks.read(&mut message).unwrap_or(0);
                if chunks.ppi == PayloadProtocolIdentifier::Dcep && read > 0 && message[0] == DCEP_OPEN {
                    self.opened += 1;
                    let _closed = stream.write_with_ppi(&[DCEP_ACK], PayloadProtocolIdentifier::Dcep);
                }
            }
        }
    }

    /// Messages for DTLS to send.
    pub fn take_outgoing(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        while let Some(transmit) =
            self.endpoint.poll_transmit().or_else(|| self.association.as_mut().and_then(|(_, association)| association.poll_transmit(now)))
        {
            if let Payload::RawEncode(packets) = transmit.payload {
                messages.extend(packets.iter().map(|packet| packet.to_vec()));
            }
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledges_a_channel_the_peer_opens_whoever_begins() {
        let now = Instant::now();
        for ours_is_client in [true, false] {
            let mut ours = DataChannels::new(ours_is_client);
            let mut theirs = DataChannels::new(!ours_is_client);
            let mut asked = false;
            for _ in 0..20 {
                for message in ours.take_outgoing(now) {
                    theirs.receive(now, message);
                }
                for message in theirs.take_outgoing(now) {
                    ours.receive(now, message);
                }
                let Some((_, association)) = theirs.association.as_mut() else { continue };
                if !asked && !association.is_handshaking() {
                    let mut stream = association.open_stream(1, PayloadProtocolIdentifier::Unknown).expect("a stream");
                    stream.write_with_ppi(&[DCEP_OPEN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], PayloadProtocolIdentifier::Dcep).expect("sent");
                    asked = true;
                }
            }
            assert_eq!(ours.opened, 1);
        }
    }
}
