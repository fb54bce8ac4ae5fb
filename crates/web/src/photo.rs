//! Pictures before they are sent: drawn anew, so that place, time and device of the original (EXIF) are gone. The original
//! file never leaves the device.

use client::{
    chat::ImageToSend,
    removal::{EditKind, RemovalReport},
};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::{metadata, paper, pixels::Pixels};

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
    /// What was taken out of it so far.
    pub report: RemovalReport,
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
        let carried = bytes(file).await.map(|file| metadata::kinds(&file)).unwrap_or_default();
        let photo = Self::draw(size, name, format, |context, (width, height)| {
            context.draw_image_with_image_bitmap_and_dw_and_dh(
                &bitmap,
                0.0,
                0.0,
                width.into(),
                height.into(),
            )
        })
        .await;
        // The browser would keep it until it feels like tidying up.
        bitmap.close();
        let mut photo = photo?;
        photo.report.metadata = carried;
        Ok(photo)
    }

    /// The pixels as they would be sent, to change them.
    pub async fn pixels(&self) -> Result<Pixels, NotAPicture> {
        self.pixels_within(FULL_SIDE_PX).await
    }

    /// The pixels, of which the longest side has at most this length.
    pub async fn pixels_within(&self, side_px: u32) -> Result<Pixels, NotAPicture> {
        let promise =
            window().create_image_bitmap_with_blob(&self.full).map_err(|_| NotAPicture)?;
        let bitmap: web_sys::ImageBitmap =
            JsFuture::from(promise).await.map_err(|_| NotAPicture)?.unchecked_into();
        let (width, height) = fit((bitmap.width(), bitmap.height()), side_px);
        let drawn = canvas((width, height)).and_then(|(_, context)| {
            context
                .draw_image_with_image_bitmap_and_dw_and_dh(
                    &bitmap,
                    0.0,
                    0.0,
                    width.into(),
                    height.into(),
                )
                .ok()?;
            read(&context, (width, height))
        });
        bitmap.close();
        drawn.ok_or(NotAPicture)
    }

    /// The same photo with changed pixels: both of its files are made anew from them.
    pub async fn with_pixels(
        &self,
        pixels: &Pixels,
        edits: impl IntoIterator<Item = (EditKind, u32)>,
    ) -> Result<Self, NotAPicture> {
        let size = pixels.size();
        let (source, context) = canvas(size).ok_or(NotAPicture)?;
        write(&context, pixels).ok_or(NotAPicture)?;
        let format =
            if self.full.type_() == Format::Png.mime() { Format::Png } else { Format::Jpeg };
        let mut photo = Self::draw(size, &self.name, format, |context, (width, height)| {
            context.draw_image_with_html_canvas_element_and_dw_and_dh(
                &source,
                0.0,
                0.0,
                width.into(),
                height.into(),
            )
        })
        .await?;
        photo.report = self.report.clone();
        for (kind, pixels) in edits {
            photo.report.add(kind, pixels);
        }
        Ok(photo)
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
        let report = RemovalReport { drawn_anew: true, ..RemovalReport::default() };
        Ok(Self { name, full, size_px: full_size, report, thumbnail: (small, small_size) })
    }

    /// The photo as a page of a document; none if it is no JPEG.
    pub async fn page(&self) -> Option<paper::Page> {
        let is_jpeg = self.full.type_() == Format::Jpeg.mime();
        let jpeg = bytes(&self.full).await.filter(|_| is_jpeg)?;
        Some(paper::Page { jpeg, size_px: self.size_px })
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
            removal: Some(self.report.clone()),
        })
    }
}

/// The small version of what a video shows just now, with its size in pixels.
pub async fn still(
    video: &web_sys::HtmlVideoElement,
    size_px: (u32, u32),
) -> Result<(web_sys::Blob, (u32, u32)), NotAPicture> {
    let small = fit(size_px, THUMBNAIL_SIDE_PX);
    let blob = encode(small, Format::Jpeg, 0.75, &|context, (width, height)| {
        context.draw_image_with_html_video_element_and_dw_and_dh(
            video,
            0.0,
            0.0,
            width.into(),
            height.into(),
        )
    })
    .await?;
    Ok((blob, small))
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

/// A new canvas that is not shown.
pub fn canvas(
    (width, height): (u32, u32),
) -> Option<(web_sys::HtmlCanvasElement, web_sys::CanvasRenderingContext2d)> {
    let canvas: web_sys::HtmlCanvasElement =
        document().create_element("canvas").ok()?.unchecked_into();
    canvas.set_width(width);
    canvas.set_height(height);
    let context = context_of(&canvas)?;
    Some((canvas, context))
}

/// What draws on a canvas.
pub fn context_of(
    canvas: &web_sys::HtmlCanvasElement,
) -> Option<web_sys::CanvasRenderingContext2d> {
    canvas.get_context("2d").ok().flatten().map(JsCast::unchecked_into)
}

/// All pixels of a canvas of this size.
pub fn read(
    context: &web_sys::CanvasRenderingContext2d,
    (width, height): (u32, u32),
) -> Option<Pixels> {
    let data = context.get_image_data(0.0, 0.0, f64::from(width), f64::from(height)).ok()?;
    Pixels::new(width, height, data.data().0)
}

/// Puts pixels onto a canvas of their size.
pub fn write(context: &web_sys::CanvasRenderingContext2d, pixels: &Pixels) -> Option<()> {
    let bytes = wasm_bindgen::Clamped(&pixels.bytes[..]);
    let data =
        web_sys::ImageData::new_with_u8_clamped_array_and_sh(bytes, pixels.width, pixels.height);
    context.put_image_data(&data.ok()?, 0.0, 0.0).ok()
}

async fn encode(
    (width, height): (u32, u32),
    format: Format,
    quality: f64,
    paint: &impl Fn(&web_sys::CanvasRenderingContext2d, (u32, u32)) -> Result<(), wasm_bindgen::JsValue>,
) -> Result<web_sys::Blob, NotAPicture> {
    let (canvas, context) = canvas((width, height)).ok_or(NotAPicture)?;
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
