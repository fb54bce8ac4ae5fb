//! `PUT /_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}`
//! <https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid>

use serde_json::json;
use testkit::matrix::{escape, room_path, transaction};

use crate::server;

#[test]
fn what_is_deleted_is_gone_and_says_why() {
    for version in ["10", "11", "12"] {
        let (anna, jonas) = (server().user("anna"), server().user("jonas"));
        let room = anna.create_room(&json!({ "room_version": version, "invite": [jonas.id] }));
        jonas.join(&room);
        let id = anna.send_encrypted(&room, "delete me");
        let redact =
            |id: &str| room_path(&room, &format!("/redact/{}/{}", escape(id), transaction()));
        jonas.put(&redact(&id), &json!({})).refused(403, "M_FORBIDDEN");
        let redaction = anna.put(&redact(&id), &json!({ "reason": "falscher Chat" })).ok();
        let event = jonas.get(&room_path(&room, &format!("/event/{}", escape(&id)))).ok();
        assert_eq!(event["content"], json!({}));
        assert_eq!(event["unsigned"]["redacted_because"]["event_id"], redaction["event_id"]);
        assert_eq!(event["unsigned"]["redacted_because"]["content"]["redacts"], json!(id));
        let own = jonas.send_encrypted(&room, "of jonas");
        anna.put(&redact(&own), &json!({})).ok();
        anna.put(&redact("$invented"), &json!({})).refused(404, "M_NOT_FOUND");
    }
}
