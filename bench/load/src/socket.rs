//! The WebSockets of all clients, waited for together.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::HandshakeError;
use tungstenite::handshake::MidHandshake;
use tungstenite::handshake::client::{ClientHandshake, Response};
use tungstenite::http::HeaderValue;
use tungstenite::{Message, WebSocket};

use crate::session::Frame;

type Pending = MidHandshake<ClientHandshake<TcpStream>>;

enum State {
    Opening(Pending),
    Open(WebSocket<TcpStream>),
    Closed,
}

/// A client's WebSocket.
pub struct Socket(State);

/// The result of reading a socket.
pub enum Incoming {
    Opened,
    Frame(Frame),
}

impl Socket {
    /// Connects to `url` (`ws://host:port/…`) and begins the upgrade.
    pub fn connect(url: &str, protocol: Option<&'static str>) -> Result<Self, String> {
        let mut request = url.into_client_request().map_err(|error| error.to_string())?;
        if let Some(protocol) = protocol {
            request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(protocol));
        }
        let host = request.uri().authority().ok_or("an address without a host")?.to_string();
        let stream = TcpStream::connect(host).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        stream.set_nonblocking(true).map_err(|error| error.to_string())?;
        let state = match tungstenite::client(request, stream) {
            Ok((socket, _)) => State::Open(socket),
            Err(HandshakeError::Interrupted(pending)) => State::Opening(pending),
            Err(HandshakeError::Failure(error)) => return Err(error.to_string()),
        };
        Ok(Socket(state))
    }

    fn raw(&self) -> Option<i32> {
        match &self.0 {
            State::Opening(pending) => Some(pending.get_ref().get_ref().as_raw_fd()),
            State::Open(socket) => Some(socket.get_ref().as_raw_fd()),
            State::Closed => None,
        }
    }

    /// The next thing that has come in; `None` when there is nothing more for now.
    pub fn read(&mut self) -> Result<Option<Incoming>, String> {
        match std::mem::replace(&mut self.0, State::Closed) {
            State::Closed => Ok(None),
            State::Opening(pending) => self.opened(pending.handshake()),
            State::Open(mut socket) => {
                let result = socket.read();
                self.0 = State::Open(socket);
                match result {
                    Ok(Message::Text(text)) => Ok(Some(Incoming::Frame(Frame::Text(text.as_str().to_owned())))),
                    Ok(Message::Binary(bytes)) => Ok(Some(Incoming::Frame(Frame::Binary(bytes.to_vec())))),
                    Ok(Message::Close(reason)) => Err(format!("closed: {reason:?}")),
                    Ok(_) => self.read(),
                    Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                    Err(error) => Err(error.to_string()),
                }
            }
        }
    }

    fn opened(
        &mut self,
        result: Result<(WebSocket<TcpStream>, Response), HandshakeError<ClientHandshake<TcpStream>>>,
    ) -> Result<Option<Incoming>, String> {
        match result {
            Ok((socket, _)) => {
                self.0 = State::Open(socket);
                Ok(Some(Incoming::Opened))
            }
            Err(HandshakeError::Interrupted(pending)) => {
                self.0 = State::Opening(pending);
                Ok(None)
            }
            Err(HandshakeError::Failure(error)) => Err(error.to_string()),
        }
    }

    pub fn send(&mut self, frame: Frame) -> Result<(), String> {
        let State::Open(socket) = &mut self.0 else { return Ok(()) };
        let message = match frame {
            Frame::Text(text) => Message::text(text),
            Frame::Binary(bytes) => Message::binary(bytes),
        };
        match socket.send(message) {
            // Kept by the library, and flushed with the next read or write.
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            result => result.map_err(|error| error.to_string()),
        }
    }

    pub fn close(&mut self) {
        self.0 = State::Closed;
    }
}

/// Says which sockets have something to read, without waiting.
pub struct Readiness(OwnedFd);

impl Readiness {
    pub fn new() -> io::Result<Self> {
        // SAFETY: a plain system call; the descriptor is owned from here on.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just made, and nobody else has it.
        Ok(Readiness(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Closing a socket takes it out again.
    pub fn watch(&self, socket: &Socket, client: usize) -> io::Result<()> {
        let Some(raw) = socket.raw() else { return Ok(()) };
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: client as u64 };
        // SAFETY: `event` lives as long as the call.
        let result = unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, raw, &raw mut event) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    pub fn ready(&self) -> Vec<usize> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: `events` has room for as many as told.
        let count = unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), events.len() as i32, 0) };
        events[..usize::try_from(count).unwrap_or(0)].iter().map(|event| event.u64 as usize).collect()
    }
}
