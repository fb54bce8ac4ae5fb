//! A PDF document over the whole screen: its pages below each other, drawn as they come into sight.

use std::rc::Rc;

use client::chat::MediaRef;
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::{Open, media::media_words};
use crate::{
    context::lang,
    i18n::Lang,
    pdf::{Document, NotShown},
    photo, platform,
    ui::{Icon, Picture},
};

/// Steps of magnification; at the first one a page is as wide as the view.
const ZOOMS: [f64; 5] = [1.0, 1.5, 2.0, 3.0, 4.0];
/// Widest drawing of a page in pixels.
const MAX_WIDTH_PX: f64 = 3000.0;

/// Shows a document of this chat.
#[component]
pub fn DocumentView(media: MediaRef, name: String) -> impl IntoView {
    let lang = lang();
    let open = Open::get();
    let view = NodeRef::<html::Div>::new();
    let opened = StoredValue::new_local(None::<Rc<Document>>);
    let sizes = RwSignal::new(Vec::<(f64, f64)>::new());
    let problem = RwSignal::new(None::<String>);
    let zoom = RwSignal::new(0_usize);
    let here = RwSignal::new(0_usize);
    let drawing = StoredValue::new(false);

    // One page after the other, those in sight first; asked again when the view has moved.
    let draw = move || {
        // Closed while it was opened, it has nothing to draw on.
        if drawing.try_get_value().unwrap_or(true) {
            return;
        }
        drawing.try_set_value(true);
        spawn_local(async move {
            while let Some((document, page)) = opened
                .try_get_value()
                .flatten()
                .zip(view.try_get_untracked().flatten().and_then(|view| next(&view)))
            {
                match document.draw(page.at, page.width_px).await {
                    Ok(image) => page.show(&image),
                    Err(error) => {
                        problem.try_set(Some(words(error, lang)));
                        // Its worker ends, whatever it is still at.
                        opened.try_set_value(None);
                        break;
                    }
                }
            }
            drawing.try_set_value(false);
        });
    };
    spawn_local(async move {
        let bytes = match open.chat().media(&media).await {
            Ok(bytes) => bytes,
            Err(error) => {
                problem.try_set(Some(media_words(&error, lang)));
                return;
            }
        };
        match Document::open(&bytes).await {
            Ok(document) => {
                sizes.try_set(document.sizes.clone());
                opened.try_set_value(Some(Rc::new(document)));
                // The pages have their places before they are drawn.
                platform::sleep(std::time::Duration::ZERO).await;
                draw();
            }
            Err(error) => drop(problem.try_set(Some(words(error, lang)))),
        }
    });
    let moved = move |_| {
        if let Some(view) = view.get_untracked() {
            here.set(page_in_sight(&view));
        }
        draw();
    };
    platform::listen::<web_sys::Event>(&window(), "resize", move |_| draw());
    let magnify = move |by: isize| {
        zoom.update(|zoom| *zoom = zoom.saturating_add_signed(by).min(ZOOMS.len() - 1));
        spawn_local(async move {
            platform::sleep(std::time::Duration::ZERO).await;
            draw();
        });
    };
    let label = name.clone();
    let at_largest = move || zoom.get() + 1 == ZOOMS.len();
    let pages = move || {
        let sizes = sizes.get();
        let count = sizes.len();
        sizes
            .into_iter()
            .enumerate()
            .map(|(at, (width, height))| {
                view! {
                    <div
                        class="page"
                        role="img"
                        aria-label=lang.page_of(at + 1, count)
                        data-page=at.to_string()
                        data-testid="document-page"
                        style:aspect-ratio=format!("{width} / {height}")
                    >
                        <canvas width="0" height="0"></canvas>
                    </div>
                }
            })
            .collect_view()
    };
    view! {
        <div class="view paged">
            {move || match (problem.get(), sizes.with(Vec::is_empty)) {
                (Some(words), _) => {
                    Some(view! {
                        <div class="paper">
                            <Picture icon=Icon::Document/>
                            <b>{name.clone()}</b>
                            <p class="stage-note" role="alert" data-testid="document-problem">{words}</p>
                        </div>
                    }.into_any())
                }
                (None, true) => Some(view! { <p class="stage-note" role="status">{lang.loading()}</p> }.into_any()),
                (None, false) => None,
            }}
            <div
                node_ref=view
                class="pages"
                tabindex="0"
                role="region"
                aria-label=label
                hidden=move || problem.with(Option::is_some) || sizes.with(Vec::is_empty)
                style:--zoom=move || ZOOMS[zoom.get()].to_string()
                data-testid="document"
                on:scroll=moved
            >
                {pages}
            </div>
        </div>
        {move || {
            (!sizes.with(Vec::is_empty) && problem.with(Option::is_none))
                .then(|| {
                    view! {
                        <div class="page-tools" role="group" aria-label=lang.magnification()>
                            <button type="button" class="stage-button" aria-label=lang.smaller() data-testid="document-smaller" disabled=move || zoom.get() == 0 on:click=move |_| magnify(-1)>
                                "−"
                            </button>
                            <span role="status" data-testid="document-place">
                                {move || lang.page_of(here.get() + 1, sizes.with(Vec::len))}
                            </span>
                            <button type="button" class="stage-button" aria-label=lang.larger() data-testid="document-larger" disabled=at_largest on:click=move |_| magnify(1)>
                                "+"
                            </button>
                        </div>
                    }
                })
        }}
    }
}

fn words(error: NotShown, lang: Lang) -> String {
    match error {
        NotShown::Password => lang.document_password(),
        NotShown::Damaged => lang.document_damaged(),
        NotShown::TooLong => lang.document_too_long(),
    }
    .into()
}

/// A page that is to be drawn.
struct Wanted {
    at: usize,
    width_px: f64,
    canvas: web_sys::HtmlCanvasElement,
}

impl Wanted {
    fn show(&self, image: &web_sys::ImageData) {
        self.canvas.set_width(image.width());
        self.canvas.set_height(image.height());
        if let Some(context) = photo::context_of(&self.canvas) {
            let _ = context.put_image_data(image, 0.0, 0.0);
        }
        let _ = self.canvas.set_attribute("data-drawn", &self.width_px.to_string());
    }
}

/// The next page in or near sight that is not drawn in its size. Lets go of those that are far away.
fn next(view: &web_sys::Element) -> Option<Wanted> {
    let frame = view.get_bounding_client_rect();
    let (top, bottom, height) = (frame.top(), frame.bottom(), frame.height());
    let ratio = window().device_pixel_ratio();
    let mut found = None;
    for (at, page) in elements(view).enumerate() {
        let place = page.get_bounding_client_rect();
        let Some(canvas) = page
            .first_element_child()
            .and_then(|it| it.dyn_into::<web_sys::HtmlCanvasElement>().ok())
        else {
            continue;
        };
        let distance = (place.top() - bottom).max(top - place.bottom()).max(0.0);
        let width_px = (place.width() * ratio).min(MAX_WIDTH_PX).round();
        let drawn = canvas.get_attribute("data-drawn").and_then(|drawn| drawn.parse::<f64>().ok());
        if distance > 4.0 * height && drawn.is_some() {
            let _ = canvas.remove_attribute("data-drawn");
            canvas.set_width(0);
            canvas.set_height(0);
        } else if distance <= height && drawn != Some(width_px) {
            let nearer = found.as_ref().is_none_or(|(other, _)| distance < *other);
            if nearer {
                found = Some((distance, Wanted { at, width_px, canvas }));
            }
        }
    }
    found.map(|(_, page)| page)
}

/// The page in the middle of the view.
fn page_in_sight(view: &web_sys::Element) -> usize {
    let frame = view.get_bounding_client_rect();
    let middle = (frame.top() + frame.bottom()) / 2.0;
    let above = elements(view).take_while(|page| page.get_bounding_client_rect().top() <= middle);
    above.count().saturating_sub(1)
}

fn elements(view: &web_sys::Element) -> impl Iterator<Item = web_sys::Element> + use<> {
    let pages = view.children();
    (0..pages.length()).filter_map(move |at| pages.item(at))
}
