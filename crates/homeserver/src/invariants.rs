//! What must be true of the stored data, as questions to the database (architecture, section 5).
//!
//! Tests and `konsil doctor` ask the same questions. Each counts the rows that break it; the chain of events is
//! computed anew.

mod chain;

use db::{params, stmt};

use crate::{Homeserver, crash_reports, media, retention::record};

/// Why the invariants could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// Files could not be compared with their rows.
    #[error(transparent)]
    Media(#[from] media::SweepError),
}

/// An invariant and whether it holds.
#[derive(Debug)]
pub struct Finding {
    /// What must be true, in words for the operator.
    pub invariant: &'static str,
    /// How it is broken; `None` if it holds.
    pub broken: Option<String>,
}

stmt!(
    EVENTS_WITHOUT_PDU,
    "SELECT count(*) FROM events e LEFT JOIN pdus p ON p.event_nid = e.event_nid WHERE p.event_nid IS NULL"
);
stmt!(
    PDUS_WITHOUT_EVENT,
    "SELECT count(*) FROM pdus p LEFT JOIN events e ON e.event_nid = p.event_nid WHERE e.event_nid IS NULL"
);
stmt!(
    OVERLAPPING_STATE,
    "SELECT count(*) FROM room_state a JOIN room_state b
       ON b.room_nid = a.room_nid AND b.kind = a.kind AND b.state_key = a.state_key AND b.from_ver > a.from_ver
     WHERE b.from_ver < a.to_ver"
);
stmt!(
    STATE_WITHOUT_EVENT,
    "SELECT count(*) FROM room_state s LEFT JOIN events e ON e.event_nid = s.event_nid
     WHERE e.event_nid IS NULL OR e.room_nid <> s.room_nid OR e.state_ver <> s.from_ver"
);
stmt!(
    STATE_VERSION_OFF,
    "SELECT count(*) FROM rooms r WHERE r.state_ver <> (SELECT max(s.from_ver) FROM room_state s WHERE s.room_nid = r.room_nid)"
);
stmt!(
    NOTIFYING_OFF,
    "SELECT count(*) FROM rooms r WHERE r.notifying <> COALESCE((SELECT p.notifying FROM purged p WHERE p.room_nid = r.room_nid), 0) + (
        SELECT count(*) FROM events e
        WHERE e.room_nid = r.room_nid AND e.state_key IS NULL AND e.kind IN ('m.room.encrypted', 'm.room.message', 'm.sticker'))"
);
stmt!(
    RUNNING_NUMBER_OFF,
    "SELECT count(*) FROM (
        SELECT e.pos AS pos, COALESCE(p.pos, 0) AS gone_pos, COALESCE(p.notifying, 0) AS gone, e.notifying AS stored, sum(CASE WHEN e.state_key IS NULL AND e.kind IN ('m.room.encrypted', 'm.room.message', 'm.sticker') THEN 1 ELSE 0 END)
            OVER (PARTITION BY e.room_nid ORDER BY e.pos) AS counted
        FROM events e LEFT JOIN purged p ON p.room_nid = e.room_nid WHERE e.pos IS NOT NULL) AS numbered
     WHERE (pos > gone_pos AND stored <> gone + counted) OR (pos <= gone_pos AND stored > gone)"
);
stmt!(
    WITHOUT_ROOM,
    "SELECT count(*) FROM (
        SELECT room_nid FROM events UNION SELECT room_nid FROM members UNION SELECT room_nid FROM room_state
        UNION SELECT room_nid FROM receipts UNION SELECT room_nid FROM room_account_data UNION SELECT room_nid FROM aliases
        UNION SELECT room_nid FROM purged) AS named
     WHERE NOT EXISTS (SELECT 1 FROM rooms r WHERE r.room_nid = named.room_nid)"
);
stmt!(
    HEAD_OFF,
    "SELECT count(*) FROM rooms r WHERE r.head <> COALESCE((SELECT p.events FROM purged p WHERE p.room_nid = r.room_nid), 0)
        + (SELECT count(*) FROM events e WHERE e.room_nid = r.room_nid)"
);
stmt!(
    MEMBERS_OFF,
    "SELECT count(*) FROM members m LEFT JOIN users u ON u.user_nid = m.user_nid LEFT JOIN room_state s
       ON s.room_nid = m.room_nid AND s.kind = 'm.room.member' AND s.state_key = u.user_id AND s.to_ver = 9223372036854775807
     LEFT JOIN events e ON e.event_nid = s.event_nid
     WHERE s.event_nid IS NULL OR s.event_nid <> m.event_nid OR e.membership <> m.membership"
);
stmt!(
    TIMELINE_NOT_IN_LOG,
    "SELECT count(*) FROM events e LEFT JOIN log l ON l.pos = e.pos
     WHERE e.pos > (SELECT log_floor FROM tenant WHERE id = 1) AND (l.pos IS NULL OR l.kind <> 1 OR l.object <> e.event_nid)"
);
stmt!(
    SENT_TWICE,
    "SELECT count(*) FROM (
        SELECT txn_device, room_nid, kind, txn_id FROM events WHERE txn_id IS NOT NULL AND kind <> 'm.room.redaction'
        GROUP BY txn_device, room_nid, kind, txn_id HAVING count(*) > 1) AS twice"
);
stmt!(
    TRANSACTION_WITHOUT_EVENT,
    "SELECT count(*) FROM transactions t LEFT JOIN events e ON e.event_id = t.event_id WHERE e.event_nid IS NULL"
);

stmt!(
    TO_DEVICE_WITHOUT_DEVICE,
    "SELECT count(*) FROM to_device t LEFT JOIN devices d ON d.device_nid = t.device_nid WHERE d.device_nid IS NULL"
);
stmt!(
    TO_DEVICE_NOT_IN_LOG,
    "SELECT count(*) FROM to_device t LEFT JOIN log l ON l.pos = t.pos
     WHERE t.pos > (SELECT log_floor FROM tenant WHERE id = 1) AND (l.pos IS NULL OR l.kind <> 8 OR l.object <> t.device_nid)"
);
stmt!(
    CROSS_SIGNING_WITHOUT_MASTER,
    "SELECT count(*) FROM cross_signing_keys c LEFT JOIN cross_signing_keys m ON m.user_nid = c.user_nid AND m.key_usage = 'master'
     WHERE m.user_nid IS NULL"
);
stmt!(
    BACKUP_COUNT_OFF,
    "SELECT count(*) FROM backups b WHERE b.key_count <> (
        SELECT count(*) FROM backup_keys k WHERE k.user_nid = b.user_nid AND k.version = b.version)"
);

/// Invariants that a count of zero shows.
const COUNTED: &[(&str, &db::Stmt)] = &[
    ("each event has its signed form", &EVENTS_WITHOUT_PDU),
    ("each signed form has its event", &PDUS_WITHOUT_EVENT),
    ("versions of one part of a room's state do not overlap", &OVERLAPPING_STATE),
    (
        "each part of a room's state was set by an event of that room at that version",
        &STATE_WITHOUT_EVENT,
    ),
    ("each room's state version is that of its newest state", &STATE_VERSION_OFF),
    ("each room's count of messages equals its messages", &NOTIFYING_OFF),
    ("each event's running number of messages is that of its place", &RUNNING_NUMBER_OFF),
    ("each room's head equals its number of events", &HEAD_OFF),
    ("each row about a room has its room", &WITHOUT_ROOM),
    ("each membership is what the room's state says", &MEMBERS_OFF),
    ("each event of a timeline stands in the change log at its position", &TIMELINE_NOT_IN_LOG),
    ("no message was sent twice", &SENT_TWICE),
    ("each transaction id names an event", &TRANSACTION_WITHOUT_EVENT),
    ("each message that waits for a device has its device", &TO_DEVICE_WITHOUT_DEVICE),
    (
        "each message that waits for a device stands in the change log at its position",
        &TO_DEVICE_NOT_IN_LOG,
    ),
    ("whoever has cross-signing keys has a master key", &CROSS_SIGNING_WITHOUT_MASTER),
    ("each key backup's count equals its keys", &BACKUP_COUNT_OFF),
];

/// Asks all of it.
pub async fn check(hs: &Homeserver) -> Result<Vec<Finding>, CheckError> {
    let mut findings = Vec::new();
    let storage = hs.db.integrity_check().await?;
    findings.push(Finding {
        invariant: "the database file is whole and the change log has no gap",
        broken: (!storage.is_empty()).then(|| storage.join("; ")),
    });
    for (invariant, statement) in COUNTED {
        let row = hs.db.query_opt(statement, params![]).await?;
        let count: i64 = row.map_or(Ok(0), |row| row.get(0))?;
        findings.push(Finding { invariant, broken: (count > 0).then(|| format!("{count} rows")) });
    }
    findings.extend(chain::check(hs).await?);
    let reports = crash_reports::broken(hs).await?;
    findings.push(Finding {
        invariant: "each crash report says what it may say and is not past its time",
        broken: (reports > 0).then(|| format!("{reports} rows")),
    });
    findings.push(Finding {
        invariant: "the record of deletions is as it was written",
        broken: record::broken(&record::all(hs).await?),
    });
    findings.push(Finding {
        invariant: "each file's row has its bytes",
        broken: lost_files(hs).await?,
    });
    Ok(findings)
}

/// Files whose row is there and whose bytes are not, or not all of them.
async fn lost_files(hs: &Homeserver) -> Result<Option<String>, CheckError> {
    let missing = media::missing_objects(hs).await?;
    let Some((object, how)) = missing.first() else { return Ok(None) };
    Ok(Some(format!("{} files, the first {object}: {how}", missing.len())))
}
