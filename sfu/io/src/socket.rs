//! One UDP socket: receive in batches, send runs of equal datagrams in one call.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};

use moothall_sfu_core::{Carrier, Datagrams};
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Socket as RawSocket, Type};

use crate::addresses::{candidate_for, is_of_this_machine};
use crate::tcp_connections::TcpConnections;

/// The kernel default loses bursts of video from a few publishers.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;
const BATCH: usize = 16;
/// Room for what the kernel may coalesce into one buffer.
const RECEIVE_BYTES: usize = 65_536;
/// The kernel takes at most 64 KiB in one send.
const MAX_RUN_BYTES: usize = 65_000;

/// A bound socket and the candidates that lead to it.
pub struct Socket {
    pub io: mio::net::UdpSocket,
    state: UdpSocketState,
    candidates: Vec<SocketAddr>,
    /// The candidates that are addresses of this machine: an answer has to leave from the address
    /// that the client asked, or the client ignores it. Behind address translation the kernel
    /// chooses.
    local: Vec<SocketAddr>,
}

impl Socket {
    /// `port` 0 picks a free one.
    pub fn bind(ip: IpAddr, port: u16) -> io::Result<RawSocket> {
        let domain = if ip.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
        let socket = RawSocket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if ip.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        // The kernel grants at most net.core.{r,w}mem_max; less is not an error.
        let _ = socket.set_recv_buffer_size(BUFFER_BYTES);
        let _ = socket.set_send_buffer_size(BUFFER_BYTES);
        socket.bind(&SocketAddr::new(ip, port).into())?;
        Ok(socket)
    }

    pub fn new(socket: RawSocket, candidates: Vec<SocketAddr>) -> io::Result<Self> {
        let io = mio::net::UdpSocket::from_std(socket.into());
        let state = UdpSocketState::new((&io).into())?;
        let local = candidates.iter().copied().filter(|c| is_of_this_machine(c.ip())).collect();
        Ok(Self { io, state, candidates, local })
    }

    pub fn owns(&self, candidate: SocketAddr) -> bool {
        self.candidates.contains(&candidate)
    }

    /// Read one batch; false when there was nothing to read. `take` gets source, candidate and
    /// contents of each datagram.
    pub fn receive(
        &self,
        buffers: &mut ReceiveBuffers,
        mut take: impl FnMut(SocketAddr, SocketAddr, &[u8]),
    ) -> io::Result<bool> {
        let mut metas = [RecvMeta::default(); BATCH];
        let mut slices: Vec<IoSliceMut<'_>> = buffers.0.iter_mut().map(|b| IoSliceMut::new(b)).collect();
        let count = match self.state.recv((&self.io).into(), &mut slices, &mut metas) {
            Ok(count) => count,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(true),
            Err(e) => return Err(e),
        };
        for (meta, buffer) in metas.iter().zip(&buffers.0).take(count) {
            let Some(candidate) = candidate_for(&self.candidates, meta.dst_ip) else {
                continue;
            };
            let received = &buffer[..meta.len.min(buffer.len())];
            if meta.stride > 0 {
                received.chunks(meta.stride).for_each(|datagram| take(meta.addr, candidate, datagram));
            }
        }
        Ok(true)
    }

    fn send(&self, transmit: &Transmit<'_>) -> bool {
        self.state.try_send((&self.io).into(), transmit).is_ok()
    }
}

/// Memory for one batch.
pub struct ReceiveBuffers(Vec<Vec<u8>>);

impl ReceiveBuffers {
    pub fn new() -> Self {
        Self(vec![vec![0; RECEIVE_BYTES]; BATCH])
    }
}

/// Send everything and clear it; how many datagrams were lost here.
pub fn send_all(sockets: &[Socket], tcp: &mut TcpConnections, datagrams: &mut Datagrams) -> u64 {
    let segments = sockets.iter().map(|s| s.state.max_gso_segments()).min().unwrap_or(1);
    let mut unsent = 0;
    for run in datagrams.runs(segments, MAX_RUN_BYTES) {
        if run.path.carrier == Carrier::Tcp {
            unsent += run.bytes.chunks(run.segment).filter(|d| !tcp.send(run.path.remote, d)).count() as u64;
            continue;
        }
        let Some(socket) = sockets.iter().find(|s| s.owns(run.path.local)) else {
            unsent += run.count as u64;
            continue;
        };
        let transmit = Transmit {
            destination: run.path.remote,
            ecn: None,
            contents: run.bytes,
            segment_size: (run.count > 1).then_some(run.segment),
            src_ip: socket.local.contains(&run.path.local).then(|| run.path.local.ip()),
        };
        if !socket.send(&transmit) {
            unsent += run.count as u64;
        }
    }
    datagrams.clear();
    unsent
}
