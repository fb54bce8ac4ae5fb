//! Videos before they are sent: what their files carry beside picture and sound is taken out, and a still stands for them in
//! the chat. They are not encoded anew.

use std::time::Duration;

use client::{
    chat::VideoToSend,
    large::{LargeToSend, VideoFacts},
    removal::RemovalReport,
};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::{photo, platform, video_metadata::Container};

/// How long the browser may take to open a video, and then to find a still in it.
const PATIENCE: Duration = Duration::from_secs(15);
/// Where the still is taken: the very first picture is often black.
const STILL_AT_S: f64 = 0.3;

/// A video that is ready to be looked at once more and sent.
#[derive(Clone)]
pub struct Video {
    /// File name to show.
    pub name: String,
    /// What is sent.
    pub file: web_sys::Blob,
    /// What was taken out of it.
    pub report: RemovalReport,
    mime: &'static str,
    size_px: (u32, u32),
    duration_ms: Option<u64>,
    still: Option<(web_sys::Blob, (u32, u32))>,
}

/// Why something is no video to send as such.
pub enum NotAVideo {
    /// It can be cleaned, and here it is, but this browser cannot show it.
    NotShownHere(web_sys::Blob),
    /// Nobody can say what it carries.
    Unreadable,
}

impl Video {
    /// Cleans a file and looks into it. `duration_ms`: what is known of its length, since what a browser has just recorded
    /// does not say it.
    pub async fn from_file(
        container: Container,
        file: &web_sys::Blob,
        name: &str,
        duration_ms: Option<u64>,
    ) -> Result<Self, NotAVideo> {
        let mut bytes = photo::bytes(file).await.ok_or(NotAVideo::Unreadable)?;
        let metadata = container.clean(&mut bytes).map_err(|_| NotAVideo::Unreadable)?;
        let mime = container.mime();
        let cleaned = platform::blob(&bytes, mime).ok_or(NotAVideo::Unreadable)?;
        drop(bytes);
        let url = web_sys::Url::create_object_url_with_blob(&cleaned)
            .map_err(|_| NotAVideo::Unreadable)?;
        let looked = look_into(&url).await;
        let _ = web_sys::Url::revoke_object_url(&url);
        let Some(looked) = looked else { return Err(NotAVideo::NotShownHere(cleaned)) };
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        Ok(Self {
            name: format!("{stem}.{}", container.ending()),
            file: cleaned,
            report: RemovalReport { metadata, ..RemovalReport::default() },
            mime,
            size_px: looked.size_px,
            duration_ms: looked.duration_ms.or(duration_ms),
            still: looked.still,
        })
    }

    async fn poster(&self) -> Option<(Vec<u8>, (u32, u32))> {
        let (still, size) = self.still.as_ref()?;
        photo::bytes(still).await.map(|bytes| (bytes, *size))
    }

    /// What the chat sends if its file goes piece by piece.
    pub async fn to_send_large(
        &self,
        caption: Option<String>,
        reply_to: Option<client::MessageId>,
    ) -> LargeToSend {
        let facts = VideoFacts {
            size_px: self.size_px,
            duration_ms: self.duration_ms,
            poster: self.poster().await,
        };
        let removal = Some(self.report.clone());
        let (name, mime) = (self.name.clone(), self.mime.to_owned());
        let (video, imported) = (Some(facts), None);
        LargeToSend { name, mime, caption, reply_to, video, removal, imported }
    }

    /// What the chat sends.
    pub async fn to_send(
        &self,
        caption: Option<String>,
        reply_to: Option<client::MessageId>,
    ) -> Option<VideoToSend> {
        let poster = self.poster().await;
        Some(VideoToSend {
            name: self.name.clone(),
            mime: self.mime.to_owned(),
            bytes: photo::bytes(&self.file).await?,
            size_px: self.size_px,
            duration_ms: self.duration_ms,
            poster,
            caption,
            reply_to,
            removal: Some(self.report.clone()),
        })
    }
}

struct Looked {
    size_px: (u32, u32),
    duration_ms: Option<u64>,
    still: Option<(web_sys::Blob, (u32, u32))>,
}

/// Has the browser open the video, out of sight and without sound.
async fn look_into(url: &str) -> Option<Looked> {
    let video: web_sys::HtmlVideoElement =
        document().create_element("video").ok()?.unchecked_into();
    video.set_muted(true);
    video.set_preload("auto");
    let opened = platform::happens(&video, "loadedmetadata", PATIENCE);
    video.set_src(url);
    opened.await.ok()?;
    let size_px = (video.video_width(), video.video_height());
    if size_px.0 == 0 || size_px.1 == 0 {
        return None;
    }
    let duration = video.duration();
    let duration_ms = duration.is_finite().then_some((duration * 1000.0) as u64);
    let found = platform::happens(&video, "seeked", PATIENCE);
    video.set_current_time(if duration.is_finite() {
        STILL_AT_S.min(duration / 2.0)
    } else {
        STILL_AT_S
    });
    let still = match found.await {
        Ok(()) => photo::still(&video, size_px).await.ok(),
        Err(()) => None,
    };
    // Lets go of what was read.
    video.set_src("");
    Some(Looked { size_px, duration_ms, still })
}
