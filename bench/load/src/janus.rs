//! Janus's VideoRoom over WebSocket: a publisher handle, a subscriber handle with all feeds in one
//! connection.

use serde_json::{Value, json};

use crate::sdp;
use crate::session::{Access, Frame, Part, Scene};

const KEEP_ALIVE_NS: u64 = 20_000_000_000;
/// The error code of the VideoRoom plug-in where somebody does not publish yet.
const NO_SUCH_FEED: u64 = 428;
/// Between two tries to subscribe.
const PATIENCE_NS: u64 = 50_000_000;
/// The one room of a run. Its own process serves it, so the number need not differ from run to run.
const ROOM: u64 = 1;

/// One end of a session, without its socket.
pub struct Session {
    part: Part,
    /// Creates the room before it joins.
    first: bool,
    id: u64,
    publisher_handle: u64,
    subscriber_handle: u64,
    publishing: Option<usize>,
    receiving: Option<usize>,
    /// When to ask for all feeds: never again once that is done.
    subscribe_at_ns: u64,
    next_keep_alive_ns: u64,
}

pub fn url(access: &Access) -> String {
    access.url.clone()
}

/// Sends the first message, once the socket is open.
pub fn open(scene: &mut Scene) {
    send(scene, &json!({"janus": "create", "transaction": "session"}));
}

impl Session {
    /// `first`: this client creates the room.
    pub fn new(part: Part, first: bool) -> Self {
        Session {
            part,
            first,
            id: 0,
            publisher_handle: 0,
            subscriber_handle: 0,
            publishing: None,
            receiving: None,
            subscribe_at_ns: 0,
            next_keep_alive_ns: u64::MAX,
        }
    }

    pub fn publish_transport(&self) -> Option<usize> {
        self.publishing
    }

    pub fn receive_transport(&self) -> Option<usize> {
        self.receiving
    }

    pub fn tick(&mut self, scene: &mut Scene) {
        if self.next_keep_alive_ns <= scene.now_ns {
            self.next_keep_alive_ns = scene.now_ns + KEEP_ALIVE_NS;
            send(scene, &json!({"janus": "keepalive", "session_id": self.id, "transaction": "alive"}));
        }
        // The others wait until the first one's media proves that the room is there.
        if !self.first && self.publisher_handle != 0 && self.publishing.is_none() && scene.published > 0 {
            self.publish(scene);
        }
        // Feeds can be asked for once they are there.
        let is_due = self.part.receives && self.subscribe_at_ns <= scene.now_ns;
        if is_due && self.subscriber_handle != 0 && scene.published == scene.plan.publishers.len() {
            self.subscribe_at_ns = u64::MAX;
            let feeds: Vec<_> = (0..scene.plan.publishers.len())
                .filter(|publisher| Some(*publisher) != self.part.publisher)
                .map(|publisher| json!({"feed": publisher + 1}))
                .collect();
            let body = json!({"request": "join", "ptype": "subscriber", "room": ROOM, "streams": feeds});
            self.message(self.subscriber_handle, "subscribe", &body, None, scene);
        }
    }

    pub fn leave(&mut self, scene: &mut Scene) {
        send(scene, &json!({"janus": "destroy", "session_id": self.id, "transaction": "end"}));
    }

    pub fn receive(&mut self, frame: &Frame, scene: &mut Scene) -> Result<(), String> {
        let Frame::Text(text) = frame else { return Ok(()) };
        let message: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let id = message["data"]["id"].as_u64().unwrap_or(0);
        match (message["janus"].as_str(), message["transaction"].as_str()) {
            (Some("error"), _) => return Err(message["error"]["reason"].to_string()),
            (Some("success"), Some("session")) => {
                self.id = id;
                self.next_keep_alive_ns = scene.now_ns + KEEP_ALIVE_NS;
                if self.part.publisher.is_some() {
                    self.attach("publisher", scene);
                }
                if self.part.receives {
                    self.attach("subscriber", scene);
                }
            }
            (Some("success"), Some("publisher")) => {
                self.publisher_handle = id;
                if self.first {
                    self.create_room(scene);
                }
            }
            (Some("success"), Some("room")) => self.publish(scene),
            (Some("success"), Some("subscriber")) => self.subscriber_handle = id,
            (Some("event"), _) => self.event(&message, scene)?,
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, message: &Value, scene: &mut Scene) -> Result<(), String> {
        let data = &message["plugindata"]["data"];
        if data["error_code"] == NO_SUCH_FEED && message["sender"].as_u64() == Some(self.subscriber_handle) {
            // A publisher is connected by its own account before it is by the server's.
            self.subscribe_at_ns = scene.now_ns + PATIENCE_NS;
            return Ok(());
        }
        if let Some(error) = data["error"].as_str() {
            return Err(error.to_owned());
        }
        let Some(description) = message["jsep"]["sdp"].as_str().map(sdp::parse) else { return Ok(()) };
        if message["sender"].as_u64() == Some(self.publisher_handle) {
            if let (Some(transport), Some(publisher)) = (self.publishing, self.part.publisher) {
                scene.accept_answer(transport, publisher, &description)?;
            }
            return Ok(());
        }
        let transport = *self.receiving.get_or_insert_with(|| scene.add_transport());
        let answer = scene.answer(transport, &description);
        let jsep = json!({"type": "answer", "sdp": answer, "trickle": false});
        self.message(self.subscriber_handle, "start", &json!({"request": "start", "room": ROOM}), Some(&jsep), scene);
        Ok(())
    }

    fn attach(&self, transaction: &str, scene: &mut Scene) {
        send(scene, &json!({"janus": "attach", "plugin": "janus.plugin.videoroom", "session_id": self.id, "transaction": transaction}));
    }

    fn create_room(&self, scene: &mut Scene) {
        let body = json!({
            "request": "create", "room": ROOM, "publishers": scene.plan.publishers.len(), "bitrate": 0, "fir_freq": 0,
            "videocodec": "vp8", "audiocodec": "opus", "transport_wide_cc_ext": false, "playoutdelay_ext": false, "videoorient_ext": false,
        });
        self.message(self.publisher_handle, "room", &body, None, scene);
    }

    fn publish(&mut self, scene: &mut Scene) {
        let Some(publisher) = self.part.publisher else { return };
        let transport = scene.add_transport();
        self.publishing = Some(transport);
        let tracks = scene.offered_tracks(publisher);
        let jsep = json!({"type": "offer", "sdp": scene.offer(transport, &tracks), "trickle": false});
        let body = json!({"request": "joinandconfigure", "ptype": "publisher", "room": ROOM, "id": publisher + 1});
        self.message(self.publisher_handle, "publish", &body, Some(&jsep), scene);
    }

    fn message(&self, handle: u64, transaction: &str, body: &Value, jsep: Option<&Value>, scene: &mut Scene) {
        let mut message = json!({"janus": "message", "session_id": self.id, "handle_id": handle, "transaction": transaction, "body": body});
        if let Some(jsep) = jsep {
            message["jsep"] = jsep.clone();
        }
        send(scene, &message);
    }
}

fn send(scene: &mut Scene, message: &Value) {
    scene.frames.push(Frame::Text(message.to_string()));
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::dtls::Identity;
    use crate::net::Mux;
    use crate::plan::Plan;
    use crate::srtp::Profile;
    use crate::transport::Settings;

    #[test]
    fn the_first_publisher_creates_the_room_then_publishes_and_a_subscriber_waits_for_all() {
        let plan = Plan::video_fan_out(2, 100.0, 1100, 1);
        let mux = Mux::open(Ipv4Addr::new(127, 70, 0, 0), 1, false, true).expect("sockets");
        let settings = Settings { identity: Identity::new(&[Profile::Aes128Gcm]), feedback_interval_ns: 1 };
        let mut transports = Vec::new();
        let mut scene =
            Scene { plan: &plan, settings: &settings, mux: &mux, transports: &mut transports, published: 1, now_ns: 0, frames: Vec::new() };
        let mut tell = |session: &mut Session, message: Value| {
            session.receive(&Frame::Text(message.to_string()), &mut scene).expect("taken");
            session.tick(&mut scene);
            let texts = scene.frames.drain(..).map(|frame| match frame {
                Frame::Text(text) => serde_json::from_str::<Value>(&text).expect("JSON"),
                Frame::Binary(_) => panic!("Janus speaks text"),
            });
            texts.collect::<Vec<_>>()
        };
        let success = |transaction: &str, id: u64| json!({"janus": "success", "transaction": transaction, "data": {"id": id}});

        let mut publisher = Session::new(Part { publisher: Some(0), receives: false }, true);
        assert_eq!(tell(&mut publisher, success("session", 5))[0]["janus"], "attach");
        assert_eq!(tell(&mut publisher, success("publisher", 6))[0]["body"]["request"], "create");
        let answers = tell(&mut publisher, json!({"janus": "success", "transaction": "room"}));
        assert_eq!((&answers[0]["body"]["request"], &answers[0]["body"]["id"]), (&json!("joinandconfigure"), &json!(1)));
        assert_eq!((&answers[0]["session_id"], &answers[0]["handle_id"]), (&json!(5), &json!(6)));
        assert!(answers[0]["jsep"]["sdp"].as_str().expect("an offer").contains("a=sendonly"));

        let mut subscriber = Session::new(Part { publisher: None, receives: true }, false);
        tell(&mut subscriber, success("session", 8));
        assert!(tell(&mut subscriber, success("subscriber", 9)).is_empty());
        scene.published = 2;
        subscriber.tick(&mut scene);
        let Some(Frame::Text(text)) = scene.frames.pop() else { panic!("nothing said") };
        let join: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(join["body"]["streams"], json!([{"feed": 1}, {"feed": 2}]));

        let too_early = json!({"janus": "event", "sender": 9, "plugindata": {"data": {"error_code": 428, "error": "No such feed (2)"}}});
        subscriber.receive(&Frame::Text(too_early.to_string()), &mut scene).expect("patience");
        subscriber.tick(&mut scene);
        assert!(scene.frames.is_empty());
        scene.now_ns += PATIENCE_NS;
        subscriber.tick(&mut scene);
        assert_eq!(scene.frames.len(), 1);
    }
}
