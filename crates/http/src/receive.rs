//! What a request becomes when it comes in: its body is taken with limited patience, its address is noted for the limits.

use std::{net::IpAddr, time::Duration};

use axum::body::Body;
use http::Request;
use http_body::Body as _;
use hyper::body::Incoming;

use crate::{address, patience::Patient};

/// How requests are taken in.
#[derive(Clone, Debug)]
pub struct Reception {
    /// How long a client may be silent within a request's body.
    pub patience: Duration,
    /// Own proxies, whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpAddr>,
}

impl Reception {
    /// Takes in a request of this peer.
    pub fn take(&self, mut request: Request<Incoming>, peer: IpAddr) -> Request<Body> {
        address::note(&mut request, peer, &self.proxies);
        request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(Patient::new(body, self.patience))
            }
        })
    }
}
