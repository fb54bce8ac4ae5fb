//! Media: which object of the media storage belongs to which `mxc://` address. With encryption the bytes are ciphertext.

use base::{Timestamp, UserNid};
use db::{Batch, Db, Error, Row, params, stmt};

use crate::{
    Chapter,
    inventory::{Concerns, Period, column},
};

/// Files that come in parts.
pub const UPLOADS: db::Migration = db::Migration {
    name: "0002 uploads",
    sql: "CREATE TABLE uploads (
            media_id TEXT NOT NULL PRIMARY KEY,
            user_nid BIGINT NOT NULL REFERENCES accounts (user_nid),
            touched_ts BIGINT NOT NULL,
            object TEXT NOT NULL UNIQUE,
            size_bytes BIGINT NOT NULL,
            received_bytes BIGINT NOT NULL,
            content_type TEXT,
            file_name TEXT
        );
        CREATE INDEX uploads_of_user ON uploads (user_nid);
        CREATE INDEX uploads_touched ON uploads (touched_ts)",
};

/// The tables of this chapter.
pub const CHAPTER: Chapter = Chapter {
    schema: &[
        "CREATE TABLE media (
            media_id TEXT NOT NULL PRIMARY KEY,
            user_nid BIGINT NOT NULL REFERENCES accounts (user_nid),
            created_ts BIGINT NOT NULL,
            object TEXT UNIQUE,
            size_bytes BIGINT,
            sha256 BYTEA,
            content_type TEXT,
            file_name TEXT
        )",
        "CREATE INDEX media_awaited ON media (user_nid, created_ts) WHERE object IS NULL",
        "CREATE TABLE thumbnails (
            media_id TEXT NOT NULL REFERENCES media (media_id),
            kind TEXT NOT NULL,
            object TEXT NOT NULL UNIQUE,
            size_bytes BIGINT NOT NULL,
            content_type TEXT NOT NULL,
            PRIMARY KEY (media_id, kind)
        )",
    ],
    columns: &[
        column("media.media_id", "address of the file", Concerns::Nobody, Period::File),
        column(
            "media.user_nid",
            "who uploads the file, so that nobody else completes or deletes it",
            Concerns::User,
            Period::File,
        ),
        column(
            "media.created_ts",
            "until when an announced upload is awaited; deletion after the set period",
            Concerns::User,
            Period::File,
        ),
        column("media.object", "where the bytes lie", Concerns::Nobody, Period::File),
        column(
            "media.size_bytes",
            "size of the file, for the download",
            Concerns::Nobody,
            Period::File,
        ),
        column(
            "media.sha256",
            "check of the stored bytes; with encryption these are ciphertext",
            Concerns::Nobody,
            Period::File,
        ),
        column(
            "media.content_type",
            "kind of file as the client names it; with encryption only that it is data",
            Concerns::User,
            Period::File,
        ),
        column(
            "media.file_name",
            "name of the file, if the client gives one; Konsil's app gives none",
            Concerns::User,
            Period::File,
        ),
        column(
            "thumbnails.media_id",
            "the picture that was made smaller",
            Concerns::Nobody,
            Period::File,
        ),
        column("thumbnails.kind", "how large it is now", Concerns::Nobody, Period::File),
        column("thumbnails.object", "where the bytes lie", Concerns::Nobody, Period::File),
        column(
            "thumbnails.size_bytes",
            "size of the small picture",
            Concerns::Nobody,
            Period::File,
        ),
        column(
            "thumbnails.content_type",
            "format of the small picture",
            Concerns::Nobody,
            Period::File,
        ),
        column(
            "uploads.media_id",
            "address that a file which comes in parts will have",
            Concerns::Nobody,
            Period::Upload,
        ),
        column(
            "uploads.user_nid",
            "who uploads the file, so that nobody else goes on with it",
            Concerns::User,
            Period::Upload,
        ),
        column(
            "uploads.touched_ts",
            "until when the rest is awaited",
            Concerns::User,
            Period::Upload,
        ),
        column("uploads.object", "where the bytes lie", Concerns::Nobody, Period::Upload),
        column(
            "uploads.size_bytes",
            "size of the whole file, to know when it is complete",
            Concerns::Nobody,
            Period::Upload,
        ),
        column(
            "uploads.received_bytes",
            "how much of it is on the disk, to go on from there",
            Concerns::Nobody,
            Period::Upload,
        ),
        column(
            "uploads.content_type",
            "kind of file as the client names it; with encryption only that it is data",
            Concerns::User,
            Period::Upload,
        ),
        column(
            "uploads.file_name",
            "name of the file, if the client gives one; Konsil's app gives none",
            Concerns::User,
            Period::Upload,
        ),
    ],
};

stmt!(
    MEDIA,
    "SELECT user_nid, created_ts, object, size_bytes, sha256, content_type, file_name FROM media WHERE media_id = $1"
);
stmt!(
    INSERT_MEDIA,
    "INSERT INTO media (media_id, user_nid, created_ts, object, size_bytes, sha256, content_type, file_name)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (media_id) DO NOTHING"
);
// The guard: of two uploads to one address only the first is kept.
stmt!(
    COMPLETE_MEDIA,
    "UPDATE media SET object = $2, size_bytes = $3, sha256 = $4, content_type = $5, file_name = $6
     WHERE media_id = $1 AND object IS NULL"
);
stmt!(
    COUNT_AWAITED,
    "SELECT COUNT(*) FROM media WHERE user_nid = $1 AND object IS NULL AND created_ts > $2"
);
stmt!(
    DELETE_EXPIRED,
    "DELETE FROM media WHERE user_nid = $1 AND object IS NULL AND created_ts <= $2"
);
stmt!(DELETE_ALL_EXPIRED, "DELETE FROM media WHERE object IS NULL AND created_ts <= $1");
stmt!(
    THUMBNAIL,
    "SELECT object, size_bytes, content_type FROM thumbnails WHERE media_id = $1 AND kind = $2"
);
stmt!(
    INSERT_THUMBNAIL,
    "INSERT INTO thumbnails (media_id, kind, object, size_bytes, content_type) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (media_id, kind) DO NOTHING"
);
stmt!(THUMBNAIL_OBJECTS, "SELECT object FROM thumbnails WHERE media_id = $1");
stmt!(DELETE_THUMBNAILS, "DELETE FROM thumbnails WHERE media_id = $1");
// The guard, an update that changes nothing: of two who delete a file one is told that it is gone already. The deletion itself cannot be it, for
// guards go first and the thumbnails hold the row.
stmt!(MEDIA_IS_THERE, "UPDATE media SET user_nid = user_nid WHERE media_id = $1");
stmt!(DELETE_MEDIA, "DELETE FROM media WHERE media_id = $1");
stmt!(
    /// The oldest files behind one, at or before a time: `params![until, after_ts, after_id, limit]`.
    OLDEST_FILES,
    "SELECT media_id, created_ts, object FROM media WHERE object IS NOT NULL AND created_ts <= $1 AND (created_ts, media_id) > ($2, $3)
     ORDER BY created_ts, media_id LIMIT $4"
);
stmt!(
    OBJECTS_OF_SHARD,
    "SELECT object, size_bytes FROM media WHERE object >= $1 AND object < $2
     UNION ALL SELECT object, size_bytes FROM thumbnails WHERE object >= $1 AND object < $2"
);

stmt!(
    UPLOAD,
    "SELECT user_nid, object, size_bytes, received_bytes, content_type, file_name FROM uploads WHERE media_id = $1"
);
stmt!(
    INSERT_UPLOAD,
    "INSERT INTO uploads (media_id, user_nid, touched_ts, object, size_bytes, received_bytes, content_type, file_name)
     VALUES ($1, $2, $3, $4, $5, 0, $6, $7) ON CONFLICT (media_id) DO NOTHING"
);
// The guard: whoever goes on from another place than the last one was kept at changes nothing.
stmt!(
    ADVANCE_UPLOAD,
    "UPDATE uploads SET received_bytes = $3, touched_ts = $4 WHERE media_id = $1 AND received_bytes = $2"
);
stmt!(DELETE_UPLOAD, "DELETE FROM uploads WHERE media_id = $1");
stmt!(COUNT_UPLOADS, "SELECT COUNT(*) FROM uploads WHERE user_nid = $1");
stmt!(UPLOADS_TOUCHED_UNTIL, "SELECT media_id, object FROM uploads WHERE touched_ts <= $1");
// The guard: what goes on just now stays.
stmt!(DELETE_UPLOAD_IF_OLD, "DELETE FROM uploads WHERE media_id = $1 AND touched_ts <= $2");
stmt!(
    UNFINISHED_OF_SHARD,
    "SELECT object, received_bytes FROM uploads WHERE object >= $1 AND object < $2"
);

/// A file that comes in parts and is not complete.
#[derive(Clone, Debug)]
pub struct UnfinishedUpload {
    /// Who sends it.
    pub user: UserNid,
    /// Name of the object that holds the bytes.
    pub object: String,
    /// Size of the whole file.
    pub size_bytes: u64,
    /// So many bytes are on the disk.
    pub received_bytes: u64,
    /// Content type as the client gave it.
    pub content_type: Option<String>,
    /// File name as the client gave it.
    pub file_name: Option<String>,
}

/// An `mxc://` address of this server.
#[derive(Clone, Debug)]
pub struct Media {
    /// Who made the address.
    pub user: UserNid,
    /// When.
    pub created: Timestamp,
    /// The file, once it is uploaded.
    pub file: Option<File>,
}

/// An uploaded file.
#[derive(Clone, Debug)]
pub struct File {
    /// Name of the object that holds the bytes.
    pub object: String,
    /// Size.
    pub size_bytes: u64,
    /// SHA-256 of the bytes.
    pub sha256: Vec<u8>,
    /// Content type as the client gave it.
    pub content_type: Option<String>,
    /// File name as the client gave it.
    pub file_name: Option<String>,
}

/// A stored thumbnail.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// Name of the object that holds the bytes.
    pub object: String,
    /// Size.
    pub size_bytes: u64,
    /// `image/png` or `image/jpeg`.
    pub content_type: String,
}

fn media_of(row: &Row) -> Result<Media, Error> {
    let file = match row.get::<Option<String>>(2)? {
        Some(object) => Some(File {
            object,
            size_bytes: row.get(3)?,
            sha256: row.get(4)?,
            content_type: row.get(5)?,
            file_name: row.get(6)?,
        }),
        None => None,
    };
    Ok(Media { user: UserNid(row.get(0)?), created: Timestamp(row.get(1)?), file })
}

/// What is known of an address.
pub async fn media(db: &Db, media_id: &str) -> Result<Option<Media>, Error> {
    db.query_opt(&MEDIA, params![media_id]).await?.as_ref().map(media_of).transpose()
}

/// Adds to the batch that addresses which were announced at or before `until`, and never filled, are gone.
pub fn delete_all_expired(batch: &mut Batch, until: Timestamp) {
    batch.exec(&DELETE_ALL_EXPIRED, params![until.0]);
}

/// How many addresses a user has announced after `since` and not filled.
pub async fn count_awaited(db: &Db, user: UserNid, since: Timestamp) -> Result<u64, Error> {
    let row = db.query_opt(&COUNT_AWAITED, params![user.0, since.0]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Adds an address to the batch, with its file or announced only.
pub fn insert_media(batch: &mut Batch, media_id: &str, media: &Media) {
    let file = media.file.as_ref();
    batch.expect_one(
        &INSERT_MEDIA,
        params![
            media_id,
            media.user.0,
            media.created.0,
            file.map(|file| file.object.as_str()),
            file.map(|file| file.size_bytes),
            file.map(|file| file.sha256.clone()),
            file.and_then(|file| file.content_type.as_deref()),
            file.and_then(|file| file.file_name.as_deref()),
        ],
    );
}

/// Fills an announced address in the batch, unless it was filled meanwhile.
pub fn complete_media(batch: &mut Batch, media_id: &str, file: &File) {
    batch.expect_one(
        &COMPLETE_MEDIA,
        params![
            media_id,
            file.object.as_str(),
            file.size_bytes,
            file.sha256.clone(),
            file.content_type.as_deref(),
            file.file_name.as_deref(),
        ],
    );
}

/// Adds to the batch that a user's addresses which were announced until `until` and never filled are forgotten.
pub fn delete_expired(batch: &mut Batch, user: UserNid, until: Timestamp) {
    batch.exec(&DELETE_EXPIRED, params![user.0, until.0]);
}

/// A thumbnail that was made before. `kind` is size and method.
pub async fn thumbnail(db: &Db, media_id: &str, kind: &str) -> Result<Option<Thumbnail>, Error> {
    let row = db.query_opt(&THUMBNAIL, params![media_id, kind]).await?;
    row.map(|row| {
        Ok(Thumbnail { object: row.get(0)?, size_bytes: row.get(1)?, content_type: row.get(2)? })
    })
    .transpose()
}

/// Adds a thumbnail to the batch, unless somebody else has made it meanwhile.
pub fn insert_thumbnail(batch: &mut Batch, media_id: &str, kind: &str, thumbnail: &Thumbnail) {
    batch.expect_one(
        &INSERT_THUMBNAIL,
        params![
            media_id,
            kind,
            thumbnail.object.as_str(),
            thumbnail.size_bytes,
            thumbnail.content_type.as_str(),
        ],
    );
}

/// A file that may be past its time.
#[derive(Clone, Debug)]
pub struct OldFile {
    /// Its address.
    pub media_id: String,
    /// When it was announced or uploaded.
    pub created: Timestamp,
    /// The object that holds its bytes.
    pub object: String,
}

/// The oldest files behind one, announced or uploaded at or before `until`.
pub async fn oldest_files(
    db: &Db,
    until: Timestamp,
    after: Option<&OldFile>,
    limit: u32,
) -> Result<Vec<OldFile>, Error> {
    let (after_ts, after_id) =
        after.map_or((Timestamp(0), ""), |file| (file.created, file.media_id.as_str()));
    let rows =
        db.query(&OLDEST_FILES, params![until.0, after_ts.0, after_id, i64::from(limit)]).await?;
    rows.iter()
        .map(|row| {
            let created = Timestamp(row.get(1)?);
            Ok(OldFile { media_id: row.get(0)?, created, object: row.get(2)? })
        })
        .collect()
}

/// The objects of the thumbnails that were made of a file.
pub async fn thumbnail_objects(db: &Db, media_id: &str) -> Result<Vec<String>, Error> {
    let rows = db.query(&THUMBNAIL_OBJECTS, params![media_id]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Adds to the batch that an address is gone, with its thumbnails. Their objects are the caller's to delete once it is committed.
pub fn delete_media(batch: &mut Batch, media_id: &str) {
    batch.expect_one(&MEDIA_IS_THERE, params![media_id]);
    batch.exec(&DELETE_THUMBNAILS, params![media_id]);
    batch.exec(&DELETE_MEDIA, params![media_id]);
}

/// As [`delete_media`], whether or not it is there still.
pub fn delete_media_if_there(batch: &mut Batch, media_id: &str) {
    batch.exec(&DELETE_THUMBNAILS, params![media_id]);
    batch.exec(&DELETE_MEDIA, params![media_id]);
}

/// The objects whose names begin with the byte `shard`, and their sizes, as the rows know them.
pub async fn objects_of_shard(db: &Db, shard: u8) -> Result<Vec<(String, u64)>, Error> {
    // `g` follows `f`, the last digit of an object's name.
    let (first, end) = (format!("{shard:02x}"), format!("{shard:02x}g"));
    let rows = db.query(&OBJECTS_OF_SHARD, params![first, end]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The file that comes in parts to this address.
pub async fn upload(db: &Db, media_id: &str) -> Result<Option<UnfinishedUpload>, Error> {
    let row = db.query_opt(&UPLOAD, params![media_id]).await?;
    row.map(|row| {
        Ok(UnfinishedUpload {
            user: UserNid(row.get(0)?),
            object: row.get(1)?,
            size_bytes: row.get(2)?,
            received_bytes: row.get(3)?,
            content_type: row.get(4)?,
            file_name: row.get(5)?,
        })
    })
    .transpose()
}

/// Adds a file that will come in parts to the batch; nothing of it is there yet.
pub fn insert_upload(
    batch: &mut Batch,
    media_id: &str,
    upload: &UnfinishedUpload,
    touched: Timestamp,
) {
    batch.expect_one(
        &INSERT_UPLOAD,
        params![
            media_id,
            upload.user.0,
            touched.0,
            upload.object.as_str(),
            upload.size_bytes,
            upload.content_type.as_deref(),
            upload.file_name.as_deref(),
        ],
    );
}

/// Adds to the batch that the disk has `received` bytes of a file instead of `before`.
pub fn advance_upload(
    batch: &mut Batch,
    media_id: &str,
    before: u64,
    received: u64,
    touched: Timestamp,
) {
    batch.expect_one(&ADVANCE_UPLOAD, params![media_id, before, received, touched.0]);
}

/// Adds to the batch that a file comes in parts no longer: it is complete, or given up.
pub fn delete_upload(batch: &mut Batch, media_id: &str) {
    batch.expect_one(&DELETE_UPLOAD, params![media_id]);
}

/// How many files of a user come in parts at present.
pub async fn count_uploads(db: &Db, user: UserNid) -> Result<u64, Error> {
    let row = db.query_opt(&COUNT_UPLOADS, params![user.0]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Address and object of the files of which nothing has come after `until`.
pub async fn uploads_touched_until(
    db: &Db,
    until: Timestamp,
) -> Result<Vec<(String, String)>, Error> {
    let rows = db.query(&UPLOADS_TOUCHED_UNTIL, params![until.0]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Adds to the batch that a file is given up, unless something of it has come after `until`.
pub fn delete_upload_if_old(batch: &mut Batch, media_id: &str, until: Timestamp) {
    batch.expect_one(&DELETE_UPLOAD_IF_OLD, params![media_id, until.0]);
}

/// The objects of unfinished files whose names begin with the byte `shard`, and how much of each has to be there.
pub async fn unfinished_of_shard(db: &Db, shard: u8) -> Result<Vec<(String, u64)>, Error> {
    let (first, end) = (format!("{shard:02x}"), format!("{shard:02x}g"));
    let rows = db.query(&UNFINISHED_OF_SHARD, params![first, end]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
