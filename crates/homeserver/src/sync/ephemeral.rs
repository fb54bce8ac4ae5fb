//! Receipts as the `m.receipt` event that a room's members get. <https://spec.matrix.org/v1.19/client-server-api/#mreceipt>

use std::collections::BTreeMap;

use store::receipts::{SeenReceipt, UNTHREADED};

use crate::json_writer::Object;

/// Most receipts of one room in one answer: the latest ones.
pub const MAX_RECEIPTS: u32 = 1_000;

/// Writes an `m.receipt` event. Where somebody has several receipts of one kind on one event, the one for the room as a
/// whole is shown (MSC4102).
pub fn write_receipts(out: &mut Vec<u8>, receipts: &[SeenReceipt]) {
    type Readers<'a> = BTreeMap<&'a str, &'a SeenReceipt>;
    let mut events: BTreeMap<&str, BTreeMap<&str, Readers<'_>>> = BTreeMap::new();
    for receipt in receipts {
        let readers =
            events.entry(&receipt.event_id).or_default().entry(&receipt.kind).or_default();
        let shown = readers.entry(&receipt.user_id).or_insert(receipt);
        if receipt.thread == UNTHREADED {
            *shown = receipt;
        }
    }
    let mut event = Object::new(out);
    event.text("type", "m.receipt");
    let mut content = event.object("content");
    for (event_id, kinds) in events {
        let mut on_event = content.object(event_id);
        for (kind, readers) in kinds {
            let mut of_kind = on_event.object(kind);
            for (user, receipt) in readers {
                let mut receipt_of = of_kind.object(user);
                receipt_of.number("ts", receipt.ts.0);
                if receipt.thread != UNTHREADED {
                    receipt_of.text("thread_id", &receipt.thread);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    fn receipt(event: &str, user: &str, thread: &str) -> SeenReceipt {
        SeenReceipt {
            event_id: event.to_owned(),
            kind: "m.read".to_owned(),
            user_id: user.to_owned(),
            thread: thread.to_owned(),
            ts: Timestamp(7),
        }
    }

    #[test]
    fn receipts_are_grouped_by_event_and_the_whole_room_goes_before_a_thread() {
        let mut out = Vec::new();
        let receipts = [
            receipt("$a", "@anna:x", "main"),
            receipt("$a", "@anna:x", UNTHREADED),
            receipt("$a", "@jonas:x", "$root"),
            receipt("$b", "@eva:x", UNTHREADED),
        ];
        write_receipts(&mut out, &receipts);
        let event: Value = serde_json::from_slice(&out).expect("JSON");
        let expected = json!({
            "$a": { "m.read": { "@anna:x": { "ts": 7 }, "@jonas:x": { "ts": 7, "thread_id": "$root" } } },
            "$b": { "m.read": { "@eva:x": { "ts": 7 } } },
        });
        assert_eq!(event, json!({ "type": "m.receipt", "content": expected }));
    }
}
