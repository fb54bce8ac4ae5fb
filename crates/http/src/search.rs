//! `POST /_matrix/client/v3/search`
//! <https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3search>

use homeserver::{
    Session,
    search::{self, Found, Results, SearchError},
};
use ruma::api::client::search::search_events::v3::Request;
use serde_json::{Map, Value, json};

use crate::{
    Endpoints,
    endpoint::{Call, Json},
    error::ApiError,
};

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.user(search_events)
}

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::BadToken => Self::invalid_param("The token is not valid"),
            SearchError::Read(error) => error.into(),
            SearchError::Store(error) => error.into(),
        }
    }
}

async fn search_events(
    Call { hs, request, .. }: Call<Request>,
    session: Session,
) -> Result<Json, ApiError> {
    let Some(criteria) = &request.search_categories.room_events else {
        return Ok(Json(json!({ "search_categories": {} }).to_string().into()));
    };
    let results = search::search(&hs, &session, criteria, request.next_batch.as_deref()).await?;
    let room_events = answer(&results)?;
    let answer = json!({ "search_categories": { "room_events": room_events } });
    Ok(Json(answer.to_string().into()))
}

fn answer(results: &Results) -> Result<Value, ApiError> {
    let mut answer = json!({ "count": results.count, "highlights": results.words });
    let found: Result<Vec<_>, _> = results.results.iter().map(result).collect();
    answer["results"] = Value::Array(found?);
    if let Some(next) = &results.next {
        answer["next_batch"] = next.as_str().into();
    }
    for (key, groups) in &results.groups {
        for (value, group) in groups {
            let mut of_group = json!({ "order": group.order, "results": group.results });
            if let Some(next) = &group.next {
                of_group["next_batch"] = next.as_str().into();
            }
            answer["groups"][key][value] = of_group;
        }
    }
    for (room, state) in &results.state {
        answer["state"][room.as_str()] = events(state)?;
    }
    Ok(answer)
}

fn result(found: &Found) -> Result<Value, ApiError> {
    let mut context = json!({
        "events_before": events(&found.before.events)?,
        "events_after": events(&found.after.events)?,
        "start": found.before.end.to_string(),
        "end": found.after.end.to_string(),
    });
    for (user, member) in &found.members {
        let member = event(member)?;
        let fields = ["displayname", "avatar_url"].into_iter().filter_map(|field| {
            let value = member["content"][field].as_str()?;
            Some((field.to_owned(), value.into()))
        });
        context["profile_info"][user] = Value::Object(Map::from_iter(fields));
    }
    Ok(json!({ "rank": found.rank, "result": event(&found.event)?, "context": context }))
}

fn events(events: &[bytes::Bytes]) -> Result<Value, ApiError> {
    Ok(Value::Array(events.iter().map(|bytes| event(bytes)).collect::<Result<_, _>>()?))
}

fn event(bytes: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(bytes).map_err(ApiError::internal)
}
