//! The DTLS identity of the process.

use std::fmt;
use std::sync::Arc;

use str0m::config::{CryptoProvider, DtlsCert};

use crate::egress;

/// The DTLS identity all transports of the process share.
#[derive(Clone)]
pub struct Identity {
    /// For where media is not str0m's.
    pub(super) without_srtp: Arc<CryptoProvider>,
    /// For where the media we receive is str0m's.
    pub(super) with_shared_srtp: Arc<CryptoProvider>,
    pub(super) certificate: DtlsCert,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    /// A fresh key and self-signed certificate.
    pub fn generate() -> Self {
        let crypto = str0m::crypto::from_feature_flags();
        let certificate = crypto
            .dtls_provider
            .generate_certificate()
            // The back end this crate is built with always generates certificates.
            .expect("the crypto back end generates certificates");
        let without_srtp = Arc::new(egress::without_srtp(&crypto));
        let with_shared_srtp = Arc::new(egress::with_shared_srtp(&crypto));
        Self { without_srtp, with_shared_srtp, certificate }
    }
}
