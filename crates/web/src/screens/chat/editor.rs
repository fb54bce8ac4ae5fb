//! The editor for a photo before it is sent: what is painted over is gone from the pixels that are sent.

use client::removal::EditKind;
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use crate::{
    context::{Frame, lang},
    i18n::Lang,
    photo::{self, Photo},
    pixels::{Area, Edit, MARK, Pixels, noise_len},
    ui::{Icon, Picture, Question, Stage},
};

/// Shorter than this on the screen, a drag was a tap.
const TAP_PX: f64 = 6.0;
/// The browser gives so many random bytes at once.
const RANDOM_AT_ONCE: usize = 65_536;

/// What a drag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Blacken,
    Pixelate,
    Crop,
    Arrow,
    Words,
}

impl Tool {
    const ALL: [Self; 5] = [Self::Blacken, Self::Pixelate, Self::Crop, Self::Arrow, Self::Words];

    fn look(self, lang: Lang) -> (Icon, &'static str, &'static str, &'static str) {
        match self {
            Self::Blacken => (Icon::Blacken, lang.blacken(), lang.blacken_hint(), "tool-blacken"),
            Self::Pixelate => {
                (Icon::Pixelate, lang.pixelate(), lang.pixelate_hint(), "tool-pixelate")
            }
            Self::Crop => (Icon::Crop, lang.crop(), lang.crop_hint(), "tool-crop"),
            Self::Arrow => (Icon::Arrow, lang.draw_arrow(), lang.draw_arrow_hint(), "tool-arrow"),
            Self::Words => {
                (Icon::Words, lang.words_on_picture(), lang.words_on_picture_hint(), "tool-text")
            }
        }
    }
}

/// The picture as it came, as it is now, and what lies between.
struct Work {
    original: Pixels,
    now: Pixels,
    done: Vec<(Edit, u32)>,
}

impl Work {
    fn apply(&mut self, edit: Edit) {
        let pixels = self.now.apply(&edit);
        self.done.push((edit, pixels));
    }

    fn undo(&mut self) {
        self.done.pop();
        self.now = self.original.clone();
        for (edit, _) in &self.done {
            self.now.apply(edit);
        }
    }
}

fn kind(edit: &Edit) -> EditKind {
    match edit {
        Edit::Blacken(_) => EditKind::Blackened,
        Edit::Pixelate { .. } => EditKind::Pixelated,
        Edit::Crop(_) => EditKind::Cropped,
        Edit::Turn => EditKind::Turned,
        Edit::Arrow { .. } => EditKind::Arrow,
        Edit::Stamp { .. } => EditKind::Text,
    }
}

/// From where to where one has dragged, in the picture's pixels.
type Drag = ((u32, u32), (u32, u32));

/// The whole screen: picture, tools, undo, done.
#[component]
pub fn Editor(photo: Photo, on_done: Callback<Photo>, on_close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let frame = Frame::get();
    let shown = NodeRef::<html::Canvas>::new();
    let words = NodeRef::<html::Input>::new();
    let tool = RwSignal::new(Tool::Blacken);
    let drag = RwSignal::new(None::<Drag>);
    let dragging = RwSignal::new(false);
    let count = RwSignal::new(0_usize);
    let ready = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let asking = RwSignal::new(false);
    let work = StoredValue::new_local(None::<Work>);
    let photo = StoredValue::new_local(photo);

    let paint = move || {
        let Some(canvas) = shown.get_untracked() else { return };
        work.with_value(|work| {
            let Some(work) = work else { return };
            let (width, height) = work.now.size();
            if (canvas.width(), canvas.height()) != (width, height) {
                canvas.set_width(width);
                canvas.set_height(height);
            }
            if let Some(context) = photo::context_of(&canvas) {
                photo::write(&context, &work.now);
            }
            count.set(work.done.len());
        });
    };
    shown.on_load(move |_| {
        spawn_local(async move {
            let Ok(pixels) = photo.get_value().pixels().await else {
                frame.say(lang.image_unreadable());
                on_close.try_run(());
                return;
            };
            if work.is_disposed() {
                return;
            }
            let original = pixels.clone();
            work.set_value(Some(Work { original, now: pixels, done: Vec::new() }));
            ready.set(true);
            paint();
        });
    });

    let apply = move |edit: Edit| {
        work.update_value(|work| {
            if let Some(work) = work {
                work.apply(edit);
            }
        });
        drag.set(None);
        paint();
    };
    let undo = move || {
        work.update_value(|work| {
            if let Some(work) = work {
                work.undo();
            }
        });
        drag.set(None);
        paint();
    };
    let size = move || work.with_value(|work| work.as_ref().map(|work| work.now.size()));

    // Does with the dragged part what the chosen tool does.
    let finish = move |is_tap: bool| {
        let (Some((from, to)), Some(size)) = (drag.get_untracked(), size()) else { return };
        let area = Area::between(from, to).within(size);
        if tool.get_untracked() == Tool::Words {
            drag.set(None);
            let text = words.get_untracked().map(|input| input.value()).unwrap_or_default();
            match stamp(text.trim(), from, size) {
                Some(edit) => {
                    apply(edit);
                    if let Some(input) = words.get_untracked() {
                        input.set_value("");
                    }
                }
                None => {
                    if let Some(input) = words.get_untracked() {
                        let _ = input.focus();
                    }
                }
            }
            return;
        }
        if is_tap {
            drag.set(None);
            return;
        }
        match tool.get_untracked() {
            Tool::Arrow => apply(Edit::Arrow { from, to }),
            _ if area.pixels() == 0 => drag.set(None),
            Tool::Blacken => apply(Edit::Blacken(area)),
            Tool::Crop => apply(Edit::Crop(area)),
            Tool::Pixelate => match random(noise_len(area, size)) {
                Some(noise) => apply(Edit::Pixelate { area, noise }),
                None => frame.say(lang.action_failed()),
            },
            Tool::Words => {}
        }
    };

    let place = move |event: &web_sys::PointerEvent| -> Option<(u32, u32)> {
        let canvas = shown.get_untracked()?;
        let frame = canvas.get_bounding_client_rect();
        let (width, height) = size()?;
        let part = |at: i32, start: f64, length: f64, pixels: u32| {
            let part = (f64::from(at) - start) / length.max(1.0);
            (part.clamp(0.0, 1.0) * f64::from(pixels)).round() as u32
        };
        Some((
            part(event.client_x(), frame.left(), frame.width(), width),
            part(event.client_y(), frame.top(), frame.height(), height),
        ))
    };
    let down = move |event: web_sys::PointerEvent| {
        if event.button() != 0 || !event.is_primary() {
            return;
        }
        let Some(at) = place(&event) else { return };
        if let Some(canvas) = shown.get_untracked() {
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        drag.set(Some((at, at)));
        dragging.set(true);
    };
    let moved = move |event: web_sys::PointerEvent| {
        if !dragging.get_untracked() || !event.is_primary() {
            return;
        }
        if let Some(to) = place(&event) {
            drag.update(|drag| {
                if let Some((_, end)) = drag {
                    *end = to;
                }
            });
        }
    };
    let up = move |event: web_sys::PointerEvent| {
        if !dragging.get_untracked() || !event.is_primary() {
            return;
        }
        moved(event);
        dragging.set(false);
        let scale = shown
            .get_untracked()
            .zip(size())
            .map(|(canvas, (width, _))| f64::from(canvas.offset_width()) / f64::from(width.max(1)));
        let length = drag.get_untracked().map(|((ax, ay), (bx, by))| {
            f64::from(ax.abs_diff(bx)).hypot(f64::from(ay.abs_diff(by)))
        });
        let is_tap = length.unwrap_or_default() * scale.unwrap_or(1.0) < TAP_PX;
        finish(is_tap);
    };
    let broken_off = move |_| {
        dragging.set(false);
        drag.set(None);
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let Some((width, height)) = size() else { return };
        let step = i64::from((width.max(height) / 40).max(1));
        let (across, down) = match event.key().as_str() {
            "ArrowLeft" => (-step, 0),
            "ArrowRight" => (step, 0),
            "ArrowUp" => (0, -step),
            "ArrowDown" => (0, step),
            "Enter" => {
                event.prevent_default();
                finish(false);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        let to = move |(x, y): (u32, u32)| {
            let moved =
                |at: u32, by: i64, most: u32| (i64::from(at) + by).clamp(0, i64::from(most)) as u32;
            (moved(x, across, width), moved(y, down, height))
        };
        let grows = event.shift_key();
        drag.update(|drag| {
            *drag = Some(match *drag {
                None => ((width * 3 / 8, height * 3 / 8), (width * 5 / 8, height * 5 / 8)),
                Some((from, end)) if grows => (from, to(end)),
                Some((from, end)) => (to(from), to(end)),
            });
        });
    };
    let on_any_key = move |event: web_sys::KeyboardEvent| {
        let in_words = event
            .target()
            .is_some_and(|target| target.dyn_ref::<web_sys::HtmlInputElement>().is_some());
        if (event.ctrl_key() || event.meta_key()) && event.key() == "z" && !in_words {
            event.prevent_default();
            undo();
        }
    };

    let leave =
        Callback::new(
            move |()| {
                if count.get_untracked() > 0 { asking.set(true) } else { on_close.run(()) }
            },
        );
    let done = move |_| {
        if count.get_untracked() == 0 {
            on_close.run(());
            return;
        }
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let Some(Some((pixels, edits))) = work.try_with_value(|work| {
                work.as_ref().map(|work| {
                    let edits: Vec<_> =
                        work.done.iter().map(|(edit, pixels)| (kind(edit), *pixels)).collect();
                    (work.now.clone(), edits)
                })
            }) else {
                return;
            };
            match photo.get_value().with_pixels(&pixels, edits).await {
                Ok(photo) => drop(on_done.try_run(photo)),
                Err(photo::NotAPicture) => frame.say(lang.action_failed()),
            }
            busy.try_set(false);
        });
    };

    // The dragged part over the picture, in the screen's pixels.
    let marked = move || {
        let ((ax, ay), (bx, by)) = drag.get()?;
        let (canvas, (width, _)) = shown.get_untracked().zip(size())?;
        let scale = f64::from(canvas.offset_width()) / f64::from(width.max(1));
        let (left, top) = (f64::from(canvas.offset_left()), f64::from(canvas.offset_top()));
        let x = |at: u32| left + f64::from(at) * scale;
        let y = |at: u32| top + f64::from(at) * scale;
        let (class, style) = match tool.get() {
            Tool::Words => return None,
            Tool::Arrow => {
                let (across, down) = (x(bx) - x(ax), y(by) - y(ay));
                let style = format!(
                    "left:{}px;top:{}px;width:{}px;rotate:{}rad",
                    x(ax),
                    y(ay),
                    across.hypot(down),
                    down.atan2(across)
                );
                ("marked line", style)
            }
            other => {
                let class = match other {
                    Tool::Blacken => "marked black",
                    Tool::Crop => "marked part",
                    _ => "marked",
                };
                let style = format!(
                    "left:{}px;top:{}px;width:{}px;height:{}px",
                    x(ax.min(bx)),
                    y(ay.min(by)),
                    f64::from(ax.abs_diff(bx)) * scale,
                    f64::from(ay.abs_diff(by)) * scale
                );
                (class, style)
            }
        };
        Some(view! { <div class=class style=style data-testid="editor-marked"></div> })
    };
    let tools = Tool::ALL
        .into_iter()
        .map(|it| {
            let (icon, name, _, testid) = it.look(lang);
            view! {
                <button
                    type="button"
                    class="tool"
                    aria-pressed=move || (tool.get() == it).to_string()
                    data-testid=testid
                    on:click=move |_| {
                        drag.set(None);
                        tool.set(it);
                    }
                >
                    <Picture icon class="small"/>
                    {name}
                </button>
            }
        })
        .collect_view();
    view! {
        <Stage label=lang.edit_picture() on_close=leave testid="editor">
            <header on:keydown=on_any_key>
                <button type="button" class="icon-button" aria-label=lang.cancel() title=lang.cancel() data-testid="editor-close" on:click=move |_| leave.run(())>
                    <Picture icon=Icon::Close/>
                </button>
                <span class="t"></span>
                <span class="sr" role="status" data-testid="editor-count">{move || lang.edits(count.get())}</span>
                <button
                    type="button"
                    class="stage-button"
                    data-testid="editor-undo"
                    disabled=move || count.get() == 0 || busy.get()
                    on:click=move |_| undo()
                >
                    <Picture icon=Icon::Undo class="small"/>
                    {lang.undo()}
                </button>
                <button type="button" class="stage-button strong" data-testid="editor-done" disabled=move || !ready.get() || busy.get() on:click=done>
                    <Picture icon=Icon::Check class="small"/>
                    {lang.done()}
                </button>
            </header>
            <div class="view editing" on:keydown=on_any_key>
                <canvas
                    node_ref=shown
                    tabindex="0"
                    role="application"
                    aria-label=lang.picture_by_keys()
                    data-testid="editor-picture"
                    data-ready=move || ready.get().to_string()
                    on:pointerdown=down
                    on:pointermove=moved
                    on:pointerup=up
                    on:pointercancel=broken_off
                    on:keydown=on_key
                ></canvas>
                {marked}
            </div>
            <div class="editor-foot" on:keydown=on_any_key>
                <p class="hint" data-testid="editor-hint">{move || tool.get().look(lang).2}</p>
                <input
                    node_ref=words
                    class="input"
                    hidden=move || tool.get() != Tool::Words
                    maxlength="60"
                    autocomplete="off"
                    placeholder=lang.words_on_picture()
                    aria-label=lang.words_on_picture()
                    data-testid="editor-text"
                />
                <div class="tools-row" role="group" aria-label=lang.tools()>
                    {tools}
                    <button type="button" class="tool" data-testid="tool-turn" disabled=move || !ready.get() on:click=move |_| apply(Edit::Turn)>
                        <Picture icon=Icon::Turn class="small"/>
                        {lang.turn()}
                    </button>
                </div>
            </div>
        </Stage>
        {move || {
            asking
                .get()
                .then(|| {
                    view! {
                        <Question
                            title=lang.discard_edits()
                            consequence=vec![lang.discard_edits_hint().to_owned()]
                            answer=lang.discard()
                            danger=true
                            on_answer=on_close
                            on_close=Callback::new(move |()| asking.set(false))
                        />
                    }
                })
        }}
    }
}

/// Random bytes that nobody can guess.
fn random(len: usize) -> Option<Vec<u8>> {
    let crypto = window().crypto().ok()?;
    let mut bytes = vec![0; len];
    for part in bytes.chunks_mut(RANDOM_AT_ONCE) {
        crypto.get_random_values_with_u8_array(part).ok()?;
    }
    Some(bytes)
}

/// Words as a small picture of their own, with its middle at the place that was tapped.
fn stamp(text: &str, middle: (u32, u32), size: (u32, u32)) -> Option<Edit> {
    if text.is_empty() {
        return None;
    }
    let height = f64::from(size.0.max(size.1) / 24).max(14.0);
    let font = format!("600 {height}px Inter, system-ui, sans-serif");
    let (_, measure) = photo::canvas((1, 1))?;
    measure.set_font(&font);
    let width = measure.measure_text(text).ok()?.width();
    let own = ((width + height * 0.5).ceil() as u32, (height * 1.5).ceil() as u32);
    let (_, context) = photo::canvas(own)?;
    context.set_font(&font);
    context.set_text_baseline("middle");
    context.set_line_join("round");
    context.set_line_width(height / 5.0);
    context.set_stroke_style_str("rgb(16 24 28)");
    let [red, green, blue] = MARK;
    context.set_fill_style_str(&format!("rgb({red} {green} {blue})"));
    let (x, y) = (height * 0.25, height * 0.75);
    context.stroke_text(text, x, y).ok()?;
    context.fill_text(text, x, y).ok()?;
    let picture = photo::read(&context, own)?;
    // It stays within the picture if it fits at all.
    let start = |middle: u32, own: u32, all: u32| {
        middle.saturating_sub(own / 2).min(all.saturating_sub(own))
    };
    let at = (start(middle.0, own.0, size.0), start(middle.1, own.1, size.1));
    Some(Edit::Stamp { at, picture })
}
