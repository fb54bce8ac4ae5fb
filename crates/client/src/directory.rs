//! The hospital's directory: finding people and starting chats with them.

use ruma::UserId;

use crate::{
    Session,
    ids::PersonId,
    people::{self, Person, Profile},
    trouble::Trouble,
};

/// Handle to the directory.
#[derive(Clone)]
pub struct Directory {
    pub(crate) session: Session,
}

/// Result of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Best match first, without ourselves.
    pub people: Vec<Person>,
    /// There are more: ask for a longer search text.
    pub limited: bool,
}

/// Why the directory could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Needs the network.
    #[error("the server cannot be reached")]
    NoConnection,
    /// Something else failed; the code is for the support desk.
    #[error("failed: {0}")]
    Failed(String),
}

impl Directory {
    /// Searches by name. An empty text lists the first people.
    pub async fn search(&self, text: &str) -> Result<Found, DirectoryError> {
        let core = &self.session.inner.core;
        let request = search::Request::new(text.trim().to_owned(), RESULTS);
        let response = core.client.send(request).await.map_err(|error| Trouble::of_http(&error))?;
        let found: Vec<(String, Profile)> = response
            .results
            .into_iter()
            .filter(|result| result.user_id != core.own_id)
            .map(|result| {
                let profile = Profile::from_fields(|key| result.fields.get(key), "display_name");
                (result.user_id.to_string(), profile)
            })
            .collect();
        let people = found.iter().map(|(id, profile)| profile.clone().person(id, None)).collect();
        // Other servers may leave the extra fields out; then what we know already is better.
        let rich = found
            .into_iter()
            .filter(|(_, profile)| profile.role.is_some() || profile.department.is_some());
        core.people.learn(&core.client, rich.collect::<Vec<_>>()).await;
        Ok(Found { people, limited: response.limited })
    }

    /// Of the people met so far, those whose name could be taken for this one's.
    pub fn similar(&self, to: &Person) -> Vec<Person> {
        let core = &self.session.inner.core;
        let is_other = |person: &Person| {
            person.id != to.id
                && person.id.as_str() != core.own_id.as_str()
                && people::is_similar(&person.name, &to.name)
        };
        core.people.all().into_iter().filter(is_other).collect()
    }

    /// Looks one person up.
    pub async fn person(&self, id: &PersonId) -> Result<Person, DirectoryError> {
        let core = &self.session.inner.core;
        let id = UserId::parse(id.as_str())
            .map_err(|_| DirectoryError::Failed("not a user ID".into()))?;
        Ok(core.people.fetch(&core.client, &id).await?)
    }
}

const RESULTS: u32 = 30;

impl From<Trouble> for DirectoryError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::NoConnection => Self::NoConnection,
            other => Self::Failed(other.code()),
        }
    }
}

/// `POST /_matrix/client/v3/user_directory/search` ([spec]): ruma's request, but with the profile fields beyond the name
/// that the hospital's server sends along and ruma's response would drop.
///
/// [spec]: https://spec.matrix.org/v1.16/client-server-api/#post_matrixclientv3user_directorysearch
mod search {
    use std::collections::BTreeMap;

    use ruma::{
        OwnedUserId,
        api::{
            IncomingResponse, Metadata, OutgoingRequest,
            client::user_directory::search_users::v3 as standard,
            error::{DeserializationError, IntoHttpError},
            path_builder::PathBuilder,
        },
    };
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Clone, Debug)]
    pub struct Request(standard::Request);

    impl Request {
        pub fn new(search_term: String, limit: u32) -> Self {
            let mut request = standard::Request::new(search_term);
            request.limit = limit.into();
            Self(request)
        }
    }

    impl Metadata for Request {
        const METHOD: http::Method = <standard::Request as Metadata>::METHOD;
        const RATE_LIMITED: bool = <standard::Request as Metadata>::RATE_LIMITED;
        type Authentication = <standard::Request as Metadata>::Authentication;
        type PathBuilder = <standard::Request as Metadata>::PathBuilder;
        const PATH_BUILDER: Self::PathBuilder = <standard::Request as Metadata>::PATH_BUILDER;
    }

    impl OutgoingRequest for Request {
        type Body = <standard::Request as OutgoingRequest>::Body;
        type EndpointError = <standard::Request as OutgoingRequest>::EndpointError;
        type IncomingResponse = Response;

        fn try_into_http_request_inner(
            self,
            base_url: &str,
            path: <Self::PathBuilder as PathBuilder>::Input<'_>,
        ) -> Result<http::Request<Self::Body>, IntoHttpError> {
            self.0.try_into_http_request_inner(base_url, path)
        }
    }

    #[derive(Clone, Debug, Deserialize)]
    pub struct Response {
        pub results: Vec<Hit>,
        pub limited: bool,
    }

    #[derive(Clone, Debug, Deserialize)]
    pub struct Hit {
        pub user_id: OwnedUserId,
        #[serde(flatten)]
        pub fields: BTreeMap<String, Value>,
    }

    impl IncomingResponse for Response {
        type EndpointError = <standard::Request as OutgoingRequest>::EndpointError;

        fn try_from_http_response_inner(
            response: http::Response<&[u8]>,
        ) -> Result<Self, DeserializationError> {
            Ok(serde_json::from_slice(response.body())?)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn fields_beyond_the_name_are_not_lost() {
            let body = br#"{"limited":false,"results":[{"user_id":"@anna:klinikum.example",
                "display_name":"Dr. Anna Meyer","de.konsil.role":"Ober\u00e4rztin"}]}"#;
            let response = http::Response::new(body.as_slice());
            let response = Response::try_from_http_response_inner(response).unwrap();
            assert_eq!(response.results[0].fields["de.konsil.role"], "Oberärztin");
        }
    }
}
