//! Files of an export, made into what a chat sends: as if each had been chosen by hand.

use client::{
    chat::{FileToSend, VoiceToSend},
    import::{
        ToImport,
        archive::{Archive, ArchiveError, Entry},
    },
    large::{self, LargeToSend},
    removal::{AsItIs, RemovalReport},
};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;

use crate::{
    file_kind::FileKind,
    i18n::Lang,
    pdf::{Cleaned, Worker},
    photo::{self, Photo},
    pieces::Pieces,
    sound,
    video::{NotAVideo, Video},
    wav,
};

/// So much is collected before the browser takes it and puts what is long onto the disk.
const COLLECTED_BYTES: u64 = 8 * 1024 * 1024;
/// Recordings that are larger go as files: decoded, they would fill the memory. Some ten minutes of speech.
const MOST_RECORDED_BYTES: f64 = 2e6;
/// Videos that are larger are left out: they are cleaned in memory.
const MOST_VIDEO_BYTES: f64 = 300e6;
/// Parts of a recording's waveform.
const BARS: usize = 40;

/// An attachment that is ready to be sent.
pub enum Prepared {
    /// Whole.
    Whole(ToImport),
    /// Piece by piece.
    Large(LargeToSend, web_sys::Blob),
}

/// Why an attachment cannot be taken over.
pub enum NotPrepared {
    /// It lies in the archive damaged, or is no picture or video though it says so.
    Unreadable,
    /// Larger than the server or this device takes.
    TooLarge,
    /// The file that was chosen is gone.
    Gone,
}

/// Takes a file out of the archive and makes ready what of it is sent. `name`: what it is called; `max_bytes`: what the server takes.
pub async fn prepare(
    archive: &Archive<Pieces>,
    entry: &Entry,
    name: &str,
    max_bytes: Option<u64>,
    caption: Option<String>,
    lang: Lang,
) -> Result<Prepared, NotPrepared> {
    if max_bytes.is_some_and(|max| entry.size_bytes > max) {
        return Err(NotPrepared::TooLarge);
    }
    let file = match unpacked(archive, entry, name).await {
        Ok(file) => file,
        Err(ArchiveError::Gone) => return Err(NotPrepared::Gone),
        Err(_) => return Err(NotPrepared::Unreadable),
    };
    let name = name.to_owned();
    match FileKind::of(&file).await {
        FileKind::Video(_) if file.size() > MOST_VIDEO_BYTES => Err(NotPrepared::TooLarge),
        FileKind::Video(container) => match Video::from_file(container, &file, &name, None).await {
            Ok(video) if is_large(&video.file) => {
                let to_send = video.to_send_large(caption, None).await;
                Ok(Prepared::Large(to_send, video.file))
            }
            Ok(video) => match video.to_send(caption, None).await {
                Some(video) => Ok(Prepared::Whole(ToImport::Video(video))),
                None => Err(NotPrepared::Unreadable),
            },
            Err(NotAVideo::NotShownHere(cleaned)) => document(name, cleaned, caption, None).await,
            Err(NotAVideo::Unreadable) => Err(NotPrepared::Unreadable),
        },
        FileKind::Picture => {
            let photo = Photo::from_file(&file, &name).await;
            let photo = photo.map_err(|photo::NotAPicture| NotPrepared::Unreadable)?;
            let image = photo.to_send(caption, None).await;
            let image = image.map_err(|photo::NotAPicture| NotPrepared::Unreadable)?;
            Ok(Prepared::Whole(ToImport::Image(image)))
        }
        FileKind::Pdf => {
            let cleaned = match Worker::new() {
                Some(worker) => {
                    let cleaned = worker.clean(&file).await;
                    worker.end();
                    cleaned
                }
                None => Cleaned::as_it_is(&file, AsItIs::Unreadable),
            };
            document(name, cleaned.file, caption, Some(cleaned.report)).await
        }
        // A recording has no place for a caption.
        FileKind::Other if caption.is_some() => document(name, file, caption, None).await,
        FileKind::Other if !is_recording(&name) => document(name, file, caption, None).await,
        FileKind::Other => match recording(&file, lang).await {
            Some(voice) => Ok(Prepared::Whole(ToImport::Voice(voice))),
            None => document(name, file, caption, None).await,
        },
    }
}

fn is_large(file: &web_sys::Blob) -> bool {
    file.size() as u64 >= large::FROM_BYTES
}

async fn document(
    name: String,
    file: web_sys::Blob,
    caption: Option<String>,
    removal: Option<RemovalReport>,
) -> Result<Prepared, NotPrepared> {
    let mime = Some(file.type_()).filter(|mime| !mime.is_empty());
    let mime = mime.unwrap_or_else(|| "application/octet-stream".into());
    let reply_to = None;
    if is_large(&file) {
        let (video, imported) = (None, None);
        let to_send = LargeToSend { name, mime, caption, reply_to, video, removal, imported };
        return Ok(Prepared::Large(to_send, file));
    }
    let bytes = photo::bytes(&file).await.ok_or(NotPrepared::Gone)?;
    let file = FileToSend { name, mime, bytes, caption, reply_to, removal };
    Ok(Prepared::Whole(ToImport::File(file)))
}

/// Whether a file is what somebody has said into their phone, by how messengers call such files. Any other sound stays the file that it is.
fn is_recording(name: &str) -> bool {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let is_called = name.starts_with("PTT-") || name.contains("-AUDIO-");
    is_called || ["opus", "ogg", "oga"].iter().any(|it| end.eq_ignore_ascii_case(it))
}

/// A recording in the one format that every client plays, if this browser knows the one it has.
async fn recording(file: &web_sys::Blob, lang: Lang) -> Option<VoiceToSend> {
    if file.size() > MOST_RECORDED_BYTES {
        return None;
    }
    let samples = sound::samples_of(file).await.filter(|samples| !samples.is_empty())?;
    Some(VoiceToSend {
        mime: "audio/wav".into(),
        name: format!("{}.wav", lang.voice_message()),
        bytes: wav::encode(&samples),
        duration_ms: samples.len() as u64 * 1000 / u64::from(wav::RATE),
        waveform: wav::waveform(&samples, BARS),
        reply_to: None,
    })
}

/// A file out of an archive. What is long the browser keeps, outside of the app's memory.
async fn unpacked(
    archive: &Archive<Pieces>,
    entry: &Entry,
    name: &str,
) -> Result<web_sys::Blob, ArchiveError> {
    let no_room = |_| ArchiveError::TooLarge;
    let folded_up = |pieces: &Array| -> Result<JsValue, ArchiveError> {
        Ok(web_sys::Blob::new_with_u8_array_sequence(pieces).map_err(no_room)?.into())
    };
    let (folded, pieces) = (Array::new(), Array::new());
    let mut collected_bytes = 0;
    let mut unpacking = archive.unpack(entry).await?;
    while let Some(piece) = unpacking.next().await? {
        collected_bytes += piece.len() as u64;
        pieces.push(&Uint8Array::from(piece.as_slice()));
        if collected_bytes >= COLLECTED_BYTES {
            folded.push(&folded_up(&pieces)?);
            pieces.set_length(0);
            collected_bytes = 0;
        }
    }
    folded.push(&folded_up(&pieces)?);
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(mime_of(name));
    web_sys::Blob::new_with_blob_sequence_and_options(&folded, &options).map_err(no_room)
}

/// Content type by the end of a name; of those that messengers send.
fn mime_of(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end).to_lowercase();
    match end.as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "mp4" | "m4v" => "video/mp4",
        "mov" => "video/quicktime",
        "3gp" => "video/3gpp",
        "webm" => "video/webm",
        "opus" | "ogg" | "oga" => "audio/ogg",
        "m4a" => "audio/mp4",
        "aac" => "audio/aac",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "amr" => "audio/amr",
        "pdf" => "application/pdf",
        "vcf" => "text/vcard",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "ppt" => "application/vnd.ms-powerpoint",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "zip" => "application/zip",
        "dcm" => "application/dicom",
        _ => "application/octet-stream",
    }
}
