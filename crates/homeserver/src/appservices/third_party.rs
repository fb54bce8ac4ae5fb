//! Look-ups in networks that services bridge. <https://spec.matrix.org/v1.19/application-service-api/#third-party-networks>

use futures_util::future::join_all;
use http::Method;
use serde_json::{Map, Value};

use super::{
    Appservice,
    call::{Ask, ask, encode},
};
use crate::{Homeserver, rooms::directory::instance_id};

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// People.
    User,
    /// Rooms.
    Location,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Location => "location",
        }
    }
}

async fn get(hs: &Homeserver, service: &Appservice, path: &str, query: &str) -> Option<Value> {
    let question = Ask {
        method: Method::GET,
        path: &format!("/_matrix/app/v1/thirdparty/{path}"),
        legacy_path: Some(&format!("/_matrix/app/unstable/thirdparty/{path}")),
        query,
        body: None,
    };
    let answer = ask(hs, service, question).await?.ok()?;
    answer.status().is_success().then(|| serde_json::from_slice(answer.body()).ok())?
}

/// The services that know a network.
fn knowing<'a>(hs: &'a Homeserver, protocol: &str) -> Vec<&'a Appservice> {
    let mut knowing = Vec::new();
    for service in hs.appservices.iter() {
        if service.protocols.iter().any(|known| known == protocol) {
            knowing.push(&**service);
        }
    }
    knowing
}

/// Asks several services at once.
async fn get_all(
    hs: &Homeserver,
    services: Vec<&Appservice>,
    path: &str,
    query: &str,
) -> Vec<Value> {
    let mut questions = Vec::new();
    for service in services {
        questions.push(get(hs, service, path, query));
    }
    join_all(questions).await.into_iter().flatten().collect()
}

/// The networks that services know, with what each says of them.
pub async fn protocols(hs: &Homeserver) -> Map<String, Value> {
    let mut names: Vec<String> = Vec::new();
    for service in hs.appservices.iter() {
        names.extend(service.protocols.iter().cloned());
    }
    names.sort();
    names.dedup();
    let mut questions = Vec::new();
    for name in &names {
        questions.push(protocol(hs, name));
    }
    let found = join_all(questions).await;
    names.into_iter().zip(found).filter_map(|(name, found)| Some((name, found?))).collect()
}

/// One network: of several services that know it the first describes it, and all name their instances.
pub async fn protocol(hs: &Homeserver, name: &str) -> Option<Value> {
    let path = &format!("protocol/{}", encode(name));
    let questions = knowing(hs, name).into_iter().map(async |service| {
        let mut described = get(hs, service, path, "").await?;
        name_instances(service, &mut described);
        Some(described)
    });
    merged(join_all(questions).await.into_iter().flatten())
}

/// Gives each instance a name of its own on this server, by which the directory lists its rooms.
fn name_instances(service: &Appservice, described: &mut Value) {
    let instances = described.get_mut("instances").and_then(Value::as_array_mut);
    for instance in instances.into_iter().flatten().filter_map(Value::as_object_mut) {
        let network = instance.get("network_id").and_then(Value::as_str);
        if let Some(id) = network.map(|network| instance_id(service, network)) {
            instance.insert("instance_id".to_owned(), id.into());
        }
    }
}

fn merged(answers: impl Iterator<Item = Value>) -> Option<Value> {
    let mut answers = answers.filter(Value::is_object);
    let mut first = answers.next()?;
    for other in answers {
        let more = other["instances"].as_array().cloned().unwrap_or_default();
        match first["instances"].as_array_mut() {
            Some(instances) => instances.extend(more),
            None => first["instances"] = more.into(),
        }
    }
    Some(first)
}

/// People or rooms of a network, by the network's own fields; `query` is encoded already. `None` if nobody knows the network.
pub async fn by_protocol(
    hs: &Homeserver,
    kind: Kind,
    protocol: &str,
    query: &str,
) -> Option<Vec<Value>> {
    let services = knowing(hs, protocol);
    if services.is_empty() {
        return None;
    }
    let path = format!("{}/{}", kind.path(), encode(protocol));
    Some(listed(get_all(hs, services, &path, query).await))
}

/// What a Matrix user id or alias stands for in any network.
pub async fn reverse(hs: &Homeserver, kind: Kind, query: &str) -> Vec<Value> {
    let mut services = Vec::new();
    for service in hs.appservices.iter() {
        if !service.protocols.is_empty() {
            services.push(&**service);
        }
    }
    listed(get_all(hs, services, kind.path(), query).await)
}

fn listed(answers: Vec<Value>) -> Vec<Value> {
    let lists = answers.into_iter().filter_map(|answer| match answer {
        Value::Array(found) => Some(found),
        _ => None,
    });
    lists.flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_network_of_several_services_has_all_instances() {
        let one = json!({ "icon": "mxc://a/b", "instances": [{ "desc": "1" }] });
        let two = json!({ "icon": "mxc://c/d", "instances": [{ "desc": "2" }] });
        let both = merged([json!([]), one, two].into_iter()).expect("found");
        assert_eq!(
            both,
            json!({ "icon": "mxc://a/b", "instances": [{ "desc": "1" }, { "desc": "2" }] })
        );
        assert_eq!(merged(std::iter::empty()), None);
    }
}
