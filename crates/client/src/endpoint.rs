//! Requests to endpoints that ruma has no types for: those that the hospital's server alone has, and parts of files.

use std::{fmt::Display, time::Duration};

use http::{
    HeaderName,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use ruma::api::{
    BytesBody, IncomingResponse,
    error::{DeserializationError, Error, IntoHttpError},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a request has besides its method and address.
#[derive(Clone, Default)]
pub(crate) struct Parts {
    /// The variables of the path, in order.
    pub path: Vec<String>,
    pub headers: Vec<(HeaderName, String)>,
    pub body: Vec<u8>,
}

impl Parts {
    /// A JSON body, none if it is `null`; with a token of its own where it is not the session's.
    pub fn json(token: Option<&str>, body: &Value) -> Self {
        let mut headers = vec![(CONTENT_TYPE, "application/json".to_owned())];
        headers.extend(token.map(|token| (AUTHORIZATION, format!("Bearer {token}"))));
        let body = if body.is_null() { Vec::new() } else { body.to_string().into() };
        Self { headers, body, ..Self::default() }
    }

    pub fn variables(&self) -> Vec<&dyn Display> {
        self.path.iter().map(|part| part as &dyn Display).collect()
    }

    pub fn into_request(
        self,
        method: http::Method,
        url: String,
    ) -> Result<http::Request<BytesBody>, IntoHttpError> {
        let mut request = http::Request::builder().method(method).uri(url);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        Ok(request.body(BytesBody(self.body))?)
    }
}

/// A request by its name, method, path, authentication and the type of its answer.
macro_rules! endpoint {
    ($name:ident, $method:ident, $path:literal, $authentication:ty, $answer:ty) => {
        #[derive(Clone)]
        struct $name($crate::endpoint::Parts);

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }

        impl ruma::api::Metadata for $name {
            const METHOD: http::Method = http::Method::$method;
            const RATE_LIMITED: bool = true;
            type Authentication = $authentication;
            type PathBuilder = ruma::api::path_builder::SinglePath;
            const PATH_BUILDER: Self::PathBuilder = Self::PathBuilder::new($path);
        }

        impl ruma::api::OutgoingRequest for $name {
            type Body = ruma::api::BytesBody;
            type EndpointError = ruma::api::error::Error;
            type IncomingResponse = $answer;

            fn try_into_http_request_inner(
                self,
                base_url: &str,
                path: <Self::PathBuilder as ruma::api::path_builder::PathBuilder>::Input<'_>,
            ) -> Result<http::Request<Self::Body>, ruma::api::error::IntoHttpError> {
                use ruma::api::{Metadata, path_builder::PathBuilder};
                let Self(parts) = self;
                let variables = parts.variables();
                let url = Self::PATH_BUILDER.make_endpoint_url(path, base_url, &variables, "")?;
                parts.into_request(Self::METHOD, url)
            }
        }
    };
}
pub(crate) use endpoint;

/// A request that takes longer is not answered any more; the browser's have no limit of their own.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(90);

/// Sends a request once; what has gone wrong is a [`Trouble`](crate::trouble::Trouble).
macro_rules! ask {
    ($client:expr, $request:expr) => {{
        let config = matrix_sdk::config::RequestConfig::new()
            .disable_retry()
            .timeout($crate::endpoint::TIMEOUT);
        let answer = async { $client.send($request).with_request_config(config).await };
        let answer = futures_util::FutureExt::fuse(answer);
        let late =
            futures_util::FutureExt::fuse(matrix_sdk::sleep::sleep($crate::endpoint::TIMEOUT));
        futures_util::pin_mut!(answer, late);
        futures_util::select! {
            answer = answer => answer.map_err(|error| $crate::trouble::Trouble::of_http(&error)),
            () = late => Err($crate::trouble::Trouble::NoConnection),
        }
    }};
}
pub(crate) use ask;

/// Done, and nothing is said besides.
pub(crate) struct Nothing;

impl IncomingResponse for Nothing {
    type EndpointError = Error;

    fn try_from_http_response_inner(
        _: http::Response<&[u8]>,
    ) -> Result<Self, DeserializationError> {
        Ok(Self)
    }
}

/// Any JSON.
pub(crate) struct Answer(Value);

impl IncomingResponse for Answer {
    type EndpointError = Error;

    fn try_from_http_response_inner(
        response: http::Response<&[u8]>,
    ) -> Result<Self, DeserializationError> {
        Ok(Self(serde_json::from_slice(response.body())?))
    }
}

impl Answer {
    pub fn read<T: DeserializeOwned>(self) -> Result<T, serde_json::Error> {
        serde_json::from_value(self.0)
    }
}
