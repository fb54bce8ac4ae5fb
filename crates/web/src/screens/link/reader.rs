//! The camera as a reader of QR codes. Pictures stay in memory and are looked at for a code alone.

use std::time::Duration;

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{
    by_name::{call, object},
    context::lang,
    platform,
    qr_reader::Reader,
    recorder,
};

/// Longer side of what is searched for a code, in pixels: enough for a code that fills a third of the picture.
const SIDE_PX: f64 = 800.0;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(150);

/// Shows what the camera sees and hands out each text that it reads. `on_missing` if there is no camera or it may not be used.
#[component]
pub fn CodeReader(on_text: Callback<String>, on_missing: Callback<()>) -> impl IntoView {
    let video = NodeRef::<html::Video>::new();
    let stream = StoredValue::new_local(None::<web_sys::MediaStream>);
    on_cleanup(move || {
        stream.try_update_value(|stream| {
            if let Some(stream) = stream.take() {
                recorder::end(&stream);
            }
        });
    });
    video.on_load(move |element| {
        spawn_local(async move {
            let Some(opened) = open().await else {
                on_missing.try_run(());
                return;
            };
            if video.try_get_untracked().flatten().is_none() {
                // Closed while the browser was asking.
                return recorder::end(&opened);
            }
            element.set_src_object(Some(&opened));
            stream.set_value(Some(opened));
            if let Ok(playing) = element.play() {
                let _ = JsFuture::from(playing).await;
            }
            let Some(canvas) = canvas() else { return };
            let mut reader = None;
            while video.try_get_untracked().flatten().is_some() {
                if reader.is_none() {
                    reader = Reader::start();
                }
                if let (Some(reading), Some((size, pixels))) = (&reader, look(&element, &canvas)) {
                    match reading.read(size, &pixels).await {
                        Ok(Some(text)) => drop(on_text.try_run(text)),
                        Ok(None) => {}
                        Err(()) => reader = None,
                    }
                }
                platform::sleep(PAUSE).await;
            }
        });
    });
    view! { <video node_ref=video class="reader" autoplay muted playsinline aria-label=lang().camera() data-testid="link-camera"></video> }
}

/// The text of a code in a picture file; `None` if there is none, or if it is no picture.
pub async fn code_in(file: &web_sys::Blob) -> Option<String> {
    let promise = window().create_image_bitmap_with_blob(file).ok()?;
    let picture: web_sys::ImageBitmap = JsFuture::from(promise).await.ok()?.unchecked_into();
    let canvas = canvas()?;
    let reader = Reader::start()?;
    // A code that fills the picture is read from few pixels, a small one in a large picture from many.
    for side in [SIDE_PX, 2.0 * SIDE_PX, 4.0 * SIDE_PX] {
        let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
        let scale = (side / width.max(height)).min(1.0);
        let (width, height) = ((width * scale) as u32, (height * scale) as u32);
        let (size, pixels) = drawn(&canvas, (width, height), |context, (w, h)| {
            context.draw_image_with_image_bitmap_and_dw_and_dh(&picture, 0.0, 0.0, w, h)
        })?;
        if let Ok(Some(text)) = reader.read(size, &pixels).await {
            return Some(text);
        }
        if scale >= 1.0 {
            return None;
        }
    }
    None
}

async fn open() -> Option<web_sys::MediaStream> {
    let devices = window().navigator().media_devices().ok()?;
    let ideal = |value: f64| object([("ideal", value.into())]).into();
    let video = object([
        ("facingMode", "environment".into()),
        ("width", ideal(1280.0)),
        ("height", ideal(960.0)),
    ]);
    let constraints = web_sys::MediaStreamConstraints::new();
    constraints.set_video(&video);
    let promise = devices.get_user_media_with_constraints(&constraints).ok()?;
    JsFuture::from(promise).await.ok().map(JsCast::unchecked_into)
}

/// A place to draw what is looked at; none of it is shown.
fn canvas() -> Option<web_sys::HtmlCanvasElement> {
    document().create_element("canvas").ok()?.dyn_into().ok()
}

/// What the camera sees at this moment: width, height and pixels.
fn look(
    video: &web_sys::HtmlVideoElement,
    canvas: &web_sys::HtmlCanvasElement,
) -> Option<((u32, u32), Vec<u8>)> {
    let (width, height) = (f64::from(video.video_width()), f64::from(video.video_height()));
    let scale = (SIDE_PX / width.max(height)).min(1.0);
    let (width, height) = ((width * scale) as u32, (height * scale) as u32);
    drawn(canvas, (width, height), |context, (w, h)| {
        context.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, w, h)
    })
}

/// What is drawn on the canvas: width, height and pixels.
fn drawn(
    canvas: &web_sys::HtmlCanvasElement,
    (width, height): (u32, u32),
    draw: impl FnOnce(&web_sys::CanvasRenderingContext2d, (f64, f64)) -> Result<(), JsValue>,
) -> Option<((u32, u32), Vec<u8>)> {
    if width == 0 || height == 0 {
        return None;
    }
    canvas.set_width(width);
    canvas.set_height(height);
    let often = object([("willReadFrequently", true.into())]);
    let context = call(canvas, "getContext", &["2d".into(), often.into()]).ok()?;
    let context: web_sys::CanvasRenderingContext2d = context.dyn_into().ok()?;
    let (w, h) = (f64::from(width), f64::from(height));
    // What of a picture is clear is white, as paper is.
    context.set_fill_style_str("white");
    context.fill_rect(0.0, 0.0, w, h);
    draw(&context, (w, h)).ok()?;
    let pixels = context.get_image_data(0.0, 0.0, w, h).ok()?.data().0;
    Some(((width, height), pixels))
}
