//! Attachments as the SDK takes them.

use std::time::Duration;

use matrix_sdk::attachment::{
    AttachmentInfo, BaseAudioInfo, BaseFileInfo, BaseImageInfo, BaseVideoInfo, Thumbnail,
};
use ruma::UInt;
use vocabulary::removal::RemovalReport;

use super::{FileToSend, ImageToSend, VideoToSend, VoiceToSend};
use crate::ids::MessageId;

/// An attachment of any kind.
pub(crate) struct Upload {
    pub name: String,
    pub mime: String,
    pub bytes: Vec<u8>,
    pub info: AttachmentInfo,
    pub thumbnail: Option<Thumbnail>,
    pub caption: Option<String>,
    pub reply_to: Option<MessageId>,
    pub removal: Option<RemovalReport>,
}

impl Upload {
    /// Its content type; that of any file if it is none.
    pub fn content_type(&self) -> mime::Mime {
        self.mime.parse().unwrap_or(mime::APPLICATION_OCTET_STREAM)
    }
}

impl From<ImageToSend> for Upload {
    fn from(image: ImageToSend) -> Self {
        let (width, height) = image.size_px;
        let info = AttachmentInfo::Image(BaseImageInfo {
            height: Some(height.into()),
            width: Some(width.into()),
            size: UInt::new(image.bytes.len() as u64),
            blurhash: None,
            is_animated: None,
        });
        Self {
            name: image.name,
            mime: image.mime,
            bytes: image.bytes,
            info,
            thumbnail: image.thumbnail.map(thumbnail),
            caption: image.caption,
            reply_to: image.reply_to,
            removal: image.removal,
        }
    }
}

impl From<VideoToSend> for Upload {
    fn from(video: VideoToSend) -> Self {
        let (width, height) = video.size_px;
        let info = AttachmentInfo::Video(BaseVideoInfo {
            duration: video.duration_ms.map(Duration::from_millis),
            height: Some(height.into()),
            width: Some(width.into()),
            size: UInt::new(video.bytes.len() as u64),
            blurhash: None,
        });
        Self {
            name: video.name,
            mime: video.mime,
            bytes: video.bytes,
            info,
            thumbnail: video.poster.map(thumbnail),
            caption: video.caption,
            reply_to: video.reply_to,
            removal: video.removal,
        }
    }
}

impl From<VoiceToSend> for Upload {
    fn from(voice: VoiceToSend) -> Self {
        let info = AttachmentInfo::Voice(BaseAudioInfo {
            duration: Some(Duration::from_millis(voice.duration_ms)),
            size: UInt::new(voice.bytes.len() as u64),
            waveform: Some(voice.waveform),
        });
        Self {
            name: voice.name,
            mime: voice.mime,
            bytes: voice.bytes,
            info,
            thumbnail: None,
            caption: None,
            reply_to: voice.reply_to,
            removal: None,
        }
    }
}

impl From<FileToSend> for Upload {
    fn from(file: FileToSend) -> Self {
        let info = AttachmentInfo::File(BaseFileInfo { size: UInt::new(file.bytes.len() as u64) });
        Self {
            name: file.name,
            mime: file.mime,
            bytes: file.bytes,
            info,
            thumbnail: None,
            caption: file.caption,
            reply_to: file.reply_to,
            removal: file.removal,
        }
    }
}

/// A small JPEG that goes with an attachment.
fn thumbnail((data, (width, height)): (Vec<u8>, (u32, u32))) -> Thumbnail {
    Thumbnail {
        size: UInt::new(data.len() as u64).unwrap_or_default(),
        data,
        content_type: mime::IMAGE_JPEG,
        height: height.into(),
        width: width.into(),
    }
}
