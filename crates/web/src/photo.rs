//! Pictures before they are sent: drawn anew, so that place, time and device of the original (EXIF) are gone.

use client::chat::ImageToSend;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;

/// Longest side of what is sent. Enough for an X-ray film on a light box; keeps a photo at 1 to 3 MB.
const FULL_SIDE_PX: u32 = 3200;
/// Longest side of the smaller version in the chat.
const THUMBNAIL_SIDE_PX: u32 = 800;

/// A picture that is ready to be looked at once more and sent.
#[derive(Clone)]
pub struct Photo {
    /// File name to show.
    pub name: String,
    /// What is sent.
    pub full: web_sys::Blob,
    /// Its size in pixels.
    pub size_px: (u32, u32),
    thumbnail: (web_sys::Blob, (u32, u32)),
}

/// The browser cannot decode it: not a picture, or of a format it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPicture;

impl Photo {
    /// Decodes a file and draws it anew. Its name keeps its first part and gets the ending of what is sent.
    pub async fn from_file(file: &web_sys::Blob, name: &str) -> Result<Self, NotAPicture> {
        let promise = window().create_image_bitmap_with_blob(file).map_err(|_| NotAPicture)?;
        let bitmap: web_sys::ImageBitmap =
            JsFuture::from(promise).await.map_err(|_| NotAPicture)?.unchecked_into();
        // Screenshots and drawings stay exact; photos become JPEG.
        let format = if file.type_() == "image/png" && file.size() < 4e6 {
            Format::Png
        } else {
            Format::Jpeg
        };
        let size = (bitmap.width(), bitmap.height());
        Self::draw(size, name, format, |context, (width, height)| {
            context.draw_image_with_image_bitmap_and_dw_and_dh(
                &bitmap,
                0.0,
                0.0,
                width.into(),
                height.into(),
            )
        })
        .await
    }

    /// Takes what a camera shows just now.
    pub async fn from_video(
        video: &web_sys::HtmlVideoElement,
        name: &str,
    ) -> Result<Self, NotAPicture> {
        let size = (video.video_width(), video.video_height());
        Self::draw(size, name, Format::Jpeg, |context, (width, height)| {
            context.draw_image_with_html_video_element_and_dw_and_dh(
                video,
                0.0,
                0.0,
                width.into(),
                height.into(),
            )
        })
        .await
    }

    async fn draw(
        size_px: (u32, u32),
        name: &str,
        format: Format,
        paint: impl Fn(
            &web_sys::CanvasRenderingContext2d,
            (u32, u32),
        ) -> Result<(), wasm_bindgen::JsValue>,
    ) -> Result<Self, NotAPicture> {
        if size_px.0 == 0 || size_px.1 == 0 {
            return Err(NotAPicture);
        }
        let full_size = fit(size_px, FULL_SIDE_PX);
        let small_size = fit(size_px, THUMBNAIL_SIDE_PX);
        let full = encode(full_size, format, 0.9, &paint).await?;
        let small = encode(small_size, Format::Jpeg, 0.75, &paint).await?;
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let name = format!("{stem}.{}", format.ending());
        Ok(Self { name, full, size_px: full_size, thumbnail: (small, small_size) })
    }

    /// What the chat sends.
    pub async fn to_send(
        &self,
        caption: Option<String>,
        reply_to: Option<client::MessageId>,
    ) -> Result<ImageToSend, NotAPicture> {
        let (thumbnail, thumbnail_size) = &self.thumbnail;
        Ok(ImageToSend {
            name: self.name.clone(),
            mime: self.full.type_(),
            bytes: bytes(&self.full).await.ok_or(NotAPicture)?,
            size_px: self.size_px,
            thumbnail: Some((bytes(thumbnail).await.ok_or(NotAPicture)?, *thumbnail_size)),
            caption,
            reply_to,
        })
    }
}

#[derive(Clone, Copy)]
enum Format {
    Jpeg,
    Png,
}

impl Format {
    fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }
}

/// The whole content of a file.
pub async fn bytes(blob: &web_sys::Blob) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(blob.array_buffer()).await.ok()?;
    Some(js_sys::Uint8Array::new(&buffer).to_vec())
}

fn fit((width, height): (u32, u32), side: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= side {
        return (width, height);
    }
    let scale =
        |length: u32| (u64::from(length) * u64::from(side) / u64::from(longest)).max(1) as u32;
    (scale(width), scale(height))
}

async fn encode(
    (width, height): (u32, u32),
    format: Format,
    quality: f64,
    paint: &impl Fn(&web_sys::CanvasRenderingContext2d, (u32, u32)) -> Result<(), wasm_bindgen::JsValue>,
) -> Result<web_sys::Blob, NotAPicture> {
    let canvas: web_sys::HtmlCanvasElement =
        document().create_element("canvas").map_err(|_| NotAPicture)?.unchecked_into();
    canvas.set_width(width);
    canvas.set_height(height);
    let context = canvas.get_context("2d").ok().flatten().ok_or(NotAPicture)?;
    let context: web_sys::CanvasRenderingContext2d = context.unchecked_into();
    if matches!(format, Format::Jpeg) {
        // JPEG knows no transparency; without this it turns black.
        context.set_fill_style_str("white");
        context.fill_rect(0.0, 0.0, width.into(), height.into());
    }
    paint(&context, (width, height)).map_err(|_| NotAPicture)?;
    let promise = js_sys::Promise::new(&mut |resolve, reject| {
        let done = Closure::once_into_js(move |blob: wasm_bindgen::JsValue| {
            let _ = resolve.call1(&wasm_bindgen::JsValue::NULL, &blob);
        });
        let started = canvas.to_blob_with_type_and_encoder_options(
            done.unchecked_ref(),
            format.mime(),
            &quality.into(),
        );
        if started.is_err() {
            let _ = reject.call0(&wasm_bindgen::JsValue::NULL);
        }
    });
    JsFuture::from(promise).await.ok().and_then(|blob| blob.dyn_into().ok()).ok_or(NotAPicture)
}
