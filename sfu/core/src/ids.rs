//! Opaque handles. The low bits name the shard, so that a handle alone says which thread to tell.

const SHARD_BITS: u32 = 6;

/// The number of shards that handles can tell apart.
pub const MAX_SHARDS: usize = 1 << SHARD_BITS;

macro_rules! handle {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u64);

        impl $name {
            /// The `serial`-th handle of a shard.
            pub const fn new(serial: u64, shard: usize) -> Self {
                Self((serial << SHARD_BITS) | shard as u64)
            }

            /// The shard that owns what this handle names.
            pub const fn shard(self) -> usize {
                (self.0 as usize) & (MAX_SHARDS - 1)
            }
        }
    };
}

handle!(
    /// A room: the set of peers among which tracks are forwarded.
    RoomId
);
handle!(
    /// One participant's connection, made of up to two transports.
    PeerId
);
handle!(
    /// One published source: a microphone, a camera, a screen.
    TrackId
);
handle!(
    /// A receiver inside the process.
    TapId
);

/// Correlates a command that asks for a reply with the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub u64);
