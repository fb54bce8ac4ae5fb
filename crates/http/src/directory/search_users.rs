//! `POST /_matrix/client/v3/user_directory/search`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3user_directorysearch>
//!
//! Besides what the specification asks for, a result has the fields that the hospital sets: `de.konsil.role`,
//! `de.konsil.department`, `de.konsil.phone`.

use homeserver::{
    Session,
    directory::{self, Person},
    profiles,
};
use ruma::api::client::user_directory::search_users::v3::Request;
use serde_json::{Map, Value, json};

use crate::{
    endpoint::{Call, Json},
    error::ApiError,
};

pub async fn search_users(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let limit = usize::try_from(u64::from(request.limit)).unwrap_or(usize::MAX);
    let (people, limited) = directory::search(&hs, &session, &request.search_term, limit).await?;
    let results: Vec<_> = people.into_iter().map(result).collect();
    Ok(Json(json!({ "results": results, "limited": limited }).to_string().into()))
}

fn result(person: Person) -> Map<String, Value> {
    let mut result = Map::new();
    result.insert("user_id".to_owned(), person.user_id.as_str().into());
    for (key, value) in person.fields {
        match key.as_str() {
            profiles::DISPLAYNAME => result.insert("display_name".to_owned(), value),
            profiles::AVATAR_URL => result.insert(key, value),
            _ if key.starts_with(profiles::RESERVED_PREFIX) => result.insert(key, value),
            _ => None,
        };
    }
    result
}
