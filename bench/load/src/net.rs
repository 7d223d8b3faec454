//! A few UDP sockets for all transports of the run: datagrams are told apart by the address they
//! are sent to.
//!
//! Each transport has an address of its own out of one block that the machine treats as local
//! (`127.64.0.0/10`, or any block routed to the loopback interface), so a server sees as many peers
//! as there are, and a thousand of them cost sixteen system calls a millisecond.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const BATCH: usize = 64;
/// The room of one header of `recvmmsg`: it takes a run of datagrams of one sender, joined by the
/// kernel, or a single one.
const RUN_BYTES: usize = 65_536;
/// Runs do not begin at the same place of a page: they would push one another out of the cache.
const STRIDE_BYTES: usize = RUN_BYTES + 4096 + 192;
const BUFFER_BYTES: libc::c_int = 32 << 20;
/// Room for one `in_pktinfo`, one `timespec` and one length, each with its header.
const CONTROL_BYTES: usize = 96;

/// Sockets and the block of addresses.
pub struct Mux {
    sockets: Vec<Socket>,
    base: u32,
    incoming: Incoming,
}

struct Socket {
    fd: OwnedFd,
    port: u16,
    queue: Vec<Queued>,
    bytes: Vec<u8>,
}

struct Queued {
    to: SocketAddrV4,
    from: Ipv4Addr,
    start: usize,
    length: usize,
}

/// Where datagrams are received; the headers lead into the other vectors, which are never moved or
/// resized.
struct Incoming {
    bytes: Vec<u8>,
    controls: Vec<[u64; CONTROL_BYTES / 8]>,
    parts: Vec<libc::iovec>,
    messages: Vec<libc::mmsghdr>,
}

impl Mux {
    /// `base` is the address of transport 0; transport N has the Nth address after it. With
    /// `timestamps` the kernel says when each datagram arrived, which costs every datagram a
    /// little. With `joined` the kernel may hand over datagrams that a sender has handed to it
    /// together (`UDP_SEGMENT`) as it got them (`UDP_GRO`): without, it cuts them up on the way, on
    /// a veth pair in the sender's time, which on a real network is the work of its card.
    pub fn open(base: Ipv4Addr, sockets: usize, timestamps: bool, joined: bool) -> io::Result<Self> {
        let sockets = (0..sockets).map(|_| Socket::open(timestamps, joined)).collect::<io::Result<_>>()?;
        Ok(Mux { sockets, base: base.into(), incoming: Incoming::new() })
    }

    pub fn address(&self, transport: usize) -> SocketAddrV4 {
        let socket = &self.sockets[transport % self.sockets.len()];
        SocketAddrV4::new(Ipv4Addr::from(self.base + transport as u32), socket.port)
    }

    /// Hands every waiting datagram to `take`: transport, bytes and, with timestamps, its arrival
    /// in nanoseconds of `CLOCK_REALTIME`. Returns how many there were. Where it is from is not
    /// asked for: a transport has one peer, and a copy less for each packet is what this client is
    /// for.
    pub fn receive(&mut self, mut take: impl FnMut(usize, &mut [u8], Option<u64>)) -> io::Result<usize> {
        let mut total = 0;
        for socket in &self.sockets {
            loop {
                let (runs, datagrams) = self.incoming.receive(socket.fd.as_raw_fd(), self.base, &mut take)?;
                total += datagrams;
                if runs < BATCH {
                    break;
                }
            }
        }
        Ok(total)
    }

    /// Queues a datagram of at most `room` bytes that `write` makes; `write` returns its length.
    pub fn queue(&mut self, transport: usize, to: SocketAddrV4, room: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        let from = *self.address(transport).ip();
        let count = self.sockets.len();
        let socket = &mut self.sockets[transport % count];
        let start = socket.bytes.len();
        socket.bytes.resize(start + room, 0);
        let length = write(&mut socket.bytes[start..]);
        socket.bytes.truncate(start + length);
        socket.queue.push(Queued { to, from, start, length });
    }

    pub fn queue_bytes(&mut self, transport: usize, to: SocketAddrV4, bytes: &[u8]) {
        self.queue(transport, to, bytes.len(), |out| {
            out.copy_from_slice(bytes);
            bytes.len()
        });
    }

    /// Sends what is queued; a datagram the kernel does not take is lost.
    pub fn flush(&mut self) {
        for socket in &mut self.sockets {
            socket.flush();
        }
    }
}

impl Socket {
    fn open(timestamps: bool, joined: bool) -> io::Result<Self> {
        // SAFETY: plain system calls; the descriptor is owned from here on.
        let fd = unsafe {
            let fd = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        set_option(&fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
        if joined {
            set_option(&fd, libc::SOL_UDP, libc::UDP_GRO, 1)?;
        }
        if timestamps {
            set_option(&fd, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
        }
        // Without the right to exceed the machine's limit, what the limit allows has to do.
        for (forced, plain) in [(libc::SO_RCVBUFFORCE, libc::SO_RCVBUF), (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF)] {
            set_option(&fd, libc::SOL_SOCKET, forced, BUFFER_BYTES).or_else(|_| set_option(&fd, libc::SOL_SOCKET, plain, BUFFER_BYTES))?;
        }
        let mut name = address_of(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0));
        let mut length = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        // SAFETY: `name` is a sockaddr_in of the length told.
        let result = unsafe {
            if libc::bind(fd.as_raw_fd(), (&raw const name).cast(), length) == 0 {
                libc::getsockname(fd.as_raw_fd(), (&raw mut name).cast(), &raw mut length)
            } else {
                -1
            }
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Socket { fd, port: u16::from_be(name.sin_port), queue: Vec::new(), bytes: Vec::new() })
    }

    fn flush(&mut self) {
        for batch in self.queue.chunks(BATCH) {
            let mut names: Vec<_> = batch.iter().map(|queued| address_of(queued.to)).collect();
            let mut controls: Vec<_> = batch.iter().map(|queued| source_control(queued.from)).collect();
            let mut parts: Vec<_> = batch
                .iter()
                .map(|queued| libc::iovec { iov_base: self.bytes[queued.start..].as_mut_ptr().cast(), iov_len: queued.length })
                .collect();
            let mut messages: Vec<libc::mmsghdr> = Vec::with_capacity(batch.len());
            for index in 0..batch.len() {
                // SAFETY: an all-zero mmsghdr is a valid, empty one.
                let mut message: libc::mmsghdr = unsafe { zeroed() };
                message.msg_hdr.msg_name = (&raw mut names[index]).cast();
                message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
                message.msg_hdr.msg_iov = &raw mut parts[index];
                message.msg_hdr.msg_iovlen = 1;
                message.msg_hdr.msg_control = (&raw mut controls[index]).cast();
                message.msg_hdr.msg_controllen = size_of::<SourceControl>();
                messages.push(message);
            }
            let mut sent = 0;
            while sent < messages.len() {
                // SAFETY: every pointer in `messages` leads into a vector that lives until the end
                // of this turn.
                let result = unsafe {
                    libc::sendmmsg(self.fd.as_raw_fd(), messages[sent..].as_mut_ptr(), (messages.len() - sent) as libc::c_uint, 0)
                };
                // The first datagram is the one refused: it is lost, the rest go on.
                sent += usize::try_from(result).unwrap_or(1).max(1);
            }
        }
        self.queue.clear();
        self.bytes.clear();
    }
}

impl Incoming {
    fn new() -> Self {
        // SAFETY: an all-zero header is a valid, empty one.
        let message = unsafe { zeroed() };
        let mut incoming = Incoming {
            bytes: vec![0; BATCH * STRIDE_BYTES],
            controls: vec![[0; CONTROL_BYTES / 8]; BATCH],
            parts: Vec::with_capacity(BATCH),
            messages: vec![message; BATCH],
        };
        for index in 0..BATCH {
            let start = incoming.bytes[index * STRIDE_BYTES..].as_mut_ptr().cast();
            incoming.parts.push(libc::iovec { iov_base: start, iov_len: RUN_BYTES });
        }
        for index in 0..BATCH {
            incoming.reset(index);
        }
        incoming
    }

    /// Makes a header ready for the next datagram: the kernel has written into it.
    fn reset(&mut self, index: usize) {
        let header = &mut self.messages[index].msg_hdr;
        header.msg_iov = &raw mut self.parts[index];
        header.msg_iovlen = 1;
        header.msg_control = self.controls[index].as_mut_ptr().cast();
        header.msg_controllen = CONTROL_BYTES;
    }

    /// How many runs there were, and how many datagrams in them.
    fn receive(&mut self, fd: i32, base: u32, take: &mut impl FnMut(usize, &mut [u8], Option<u64>)) -> io::Result<(usize, usize)> {
        // SAFETY: the headers lead to memory of `self`, of the length told.
        let result =
            unsafe { libc::recvmmsg(fd, self.messages.as_mut_ptr(), BATCH as libc::c_uint, libc::MSG_DONTWAIT, std::ptr::null_mut()) };
        let Ok(runs) = usize::try_from(result) else {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::WouldBlock { Ok((0, 0)) } else { Err(error) };
        };
        let mut datagrams = 0;
        for index in 0..runs {
            let control = read_control(&self.messages[index].msg_hdr);
            let length = self.messages[index].msg_len as usize;
            self.reset(index);
            let Some(local) = control.local else { continue };
            let start = index * STRIDE_BYTES;
            let run = &mut self.bytes[start..start + length];
            for datagram in run.chunks_mut(control.each.unwrap_or(length).max(1)) {
                datagrams += 1;
                take(local.wrapping_sub(base) as usize, datagram, control.arrival);
            }
        }
        Ok((runs, datagrams))
    }
}

fn set_option(fd: &OwnedFd, level: i32, option: i32, value: libc::c_int) -> io::Result<()> {
    // SAFETY: `value` is an int of the length told.
    let result =
        unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, (&raw const value).cast(), size_of::<libc::c_int>() as libc::socklen_t) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn address_of(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(*address.ip()).to_be() },
        sin_zero: [0; 8],
    }
}

/// A control message that chooses the source address.
fn source_control(from: Ipv4Addr) -> SourceControl {
    SourceControl {
        header: libc::cmsghdr {
            cmsg_len: size_of::<libc::cmsghdr>() + size_of::<libc::in_pktinfo>(),
            cmsg_level: libc::IPPROTO_IP,
            cmsg_type: libc::IP_PKTINFO,
        },
        info: libc::in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: libc::in_addr { s_addr: u32::from(from).to_be() },
            ipi_addr: libc::in_addr { s_addr: 0 },
        },
    }
}

#[repr(C)]
struct SourceControl {
    header: libc::cmsghdr,
    info: libc::in_pktinfo,
}

/// The kernel's control messages about a run of datagrams.
#[derive(Default)]
struct Control {
    /// The address they were sent to.
    local: Option<u32>,
    /// Their arrival in nanoseconds.
    arrival: Option<u64>,
    /// The bytes of each but the last, where there are several.
    each: Option<usize>,
}

fn read_control(header: &libc::msghdr) -> Control {
    let mut found = Control::default();
    // SAFETY: the kernel has filled in the control messages of this header.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(header);
        while !control.is_null() {
            let data = libc::CMSG_DATA(control);
            match ((*control).cmsg_level, (*control).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                    found.local = Some(u32::from_be(info.ipi_addr.s_addr));
                }
                (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS) => {
                    let time = data.cast::<libc::timespec>().read_unaligned();
                    found.arrival = Some(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64);
                }
                (libc::SOL_UDP, libc::UDP_GRO) => {
                    found.each = usize::try_from(data.cast::<libc::c_int>().read_unaligned()).ok();
                }
                _ => {}
            }
            control = libc::CMSG_NXTHDR(header, control);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_arrive_at_the_transport_they_are_sent_to() {
        walk(false, false);
        walk(true, true);
    }

    fn walk(timestamps: bool, joined: bool) {
        let mut mux = Mux::open(Ipv4Addr::new(127, 65, 0, 0), 3, timestamps, joined).expect("sockets");
        let addresses: Vec<_> = (0..100).map(|transport| mux.address(transport)).collect();
        for (transport, address) in addresses.iter().enumerate() {
            mux.queue_bytes((transport + 1) % 100, *address, &[transport as u8; 10]);
        }
        mux.flush();
        let mut seen = vec![0; 100];
        mux.receive(|transport, bytes, arrival| {
            assert_eq!(arrival.is_some(), timestamps);
            assert_eq!(bytes, [transport as u8; 10]);
            seen[transport] += 1;
        })
        .expect("received");
        assert_eq!(seen, vec![1; 100]);
    }

    #[test]
    fn datagrams_that_were_sent_together_are_told_apart() {
        let mut mux = Mux::open(Ipv4Addr::new(127, 65, 1, 0), 1, false, true).expect("sockets");
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").expect("socket");
        let fd = OwnedFd::from(sender.try_clone().expect("socket"));
        set_option(&fd, libc::SOL_UDP, libc::UDP_SEGMENT, 1000).expect("segments");
        let run: Vec<u8> = (0..2500).map(|index| (index / 1000) as u8).collect();
        sender.send_to(&run, mux.address(7)).expect("sent");
        let mut seen = Vec::new();
        let count = mux
            .receive(|transport, bytes, _| {
                assert_eq!(transport, 7);
                assert!(bytes.iter().all(|byte| *byte == bytes[0]));
                seen.push((bytes[0], bytes.len()));
            })
            .expect("received");
        assert_eq!(count, 3);
        assert_eq!(seen, [(0, 1000), (1, 1000), (2, 500)]);
    }
}
