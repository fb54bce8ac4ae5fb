//! `POST /_matrix/client/v1/appservice/{appserviceId}/ping`
//! <https://spec.matrix.org/v1.19/application-service-api/#post_matrixclientv1appserviceappserviceidping>

use serde_json::json;
use testkit::Reply;

use super::{Bridge, HS_TOKEN};

const PING: &str = "/_matrix/client/v1/appservice/IRC%20Bridge/ping";

#[test]
fn a_ping_goes_to_the_service_and_back() {
    let bridge = Bridge::new(|request| match request.json()["transaction_id"].as_str() {
        Some("refused") => Reply::json(403, &json!({ "errcode": "M_FORBIDDEN" })),
        _ => Reply::ok(&json!({})),
    });
    let service = bridge.service();
    let answer = service.post(PING, &json!({ "transaction_id": "meow" })).ok();
    assert!(answer["duration_ms"].is_u64(), "{answer}");
    let received = bridge.peer.next();
    assert_eq!(
        (received.method.as_str(), received.path.as_str()),
        ("POST", "/_matrix/app/v1/ping")
    );
    assert_eq!(received.header("authorization"), format!("Bearer {HS_TOKEN}"));
    assert_eq!(received.json(), json!({ "transaction_id": "meow" }));

    let refused = service.post(PING, &json!({ "transaction_id": "refused" }));
    let refused = refused.refused(502, "M_BAD_STATUS");
    assert_eq!(refused["status"], 403);
    assert!(refused["body"].as_str().is_some_and(|body| body.contains("M_FORBIDDEN")), "{refused}");

    let anna = bridge.server.user("anna");
    anna.post(PING, &json!({})).refused(403, "M_FORBIDDEN");
    service
        .post("/_matrix/client/v1/appservice/other/ping", &json!({}))
        .refused(403, "M_FORBIDDEN");
}
