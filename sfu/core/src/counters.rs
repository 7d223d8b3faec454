//! Totals of a shard; their reader sums them over all shards.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Totals since the shard started, except the last four, which are how many there are now.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64),+
        }

        impl Counters {
            /// Every counter with its name.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name)),+].into_iter()
            }

            /// Add another shard's totals.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)+
            }
        }
    };
}

counters! {
    packets_in,
    packets_out,
    bytes_in,
    bytes_out,
    /// RTP packets written to subscribers.
    forwarded,
    /// Datagrams above the size limit.
    dropped_oversized,
    /// Datagrams that are neither STUN, DTLS, RTP nor RTCP.
    dropped_garbage,
    /// STUN with a user name that is not ours.
    dropped_unknown_ufrag,
    /// Anything else from an address ICE did not verify.
    dropped_unknown_source,
    /// RTP of a synchronisation source of which nothing authentic came or that is one more than a
    /// peer may have, or on a transport that never receives media.
    dropped_ssrc,
    /// RTP of sections no track is bound to.
    dropped_unbound,
    /// RTP above what a peer may publish.
    dropped_excess,
    /// Datagrams str0m refused.
    dropped_refused,
    /// Datagrams the kernel had no room for, or whose TCP receiver was too slow or gone.
    dropped_unsent,
    dropped_data_lossy,
    dropped_data_channels,
    /// Candidates that did not parse or were too many.
    ignored_candidates,
    refused_descriptions,
    keyframe_requests,
    /// Subscribers by the SRTP profile that was negotiated, counted each time one connects.
    srtp_aead_aes_128_gcm,
    srtp_aead_aes_256_gcm,
    srtp_aes128_cm_sha1_80,
    panics,
    rooms,
    peers,
    tracks,
    tcp_connections,
}
