//! Pages as pixels.

use hayro::{
    PixmapSettings, RenderCache, RenderSettings,
    hayro_interpret::InterpreterSettings,
    hayro_syntax::{DecryptionError, LoadPdfError, Pdf},
    render,
    vello_cpu::color::palette::css::WHITE,
};
use wasm_bindgen::prelude::*;

/// Longest side of a drawn page. Beyond, a phone's memory is at stake.
const MAX_SIDE_PX: f32 = 4096.0;

/// A document that was opened.
#[wasm_bindgen]
pub struct Document {
    pdf: Pdf,
}

#[wasm_bindgen]
impl Document {
    /// Opens a document. The error is `password` if it needs one, else `damaged`.
    #[wasm_bindgen(constructor)]
    pub fn new(bytes: Vec<u8>) -> Result<Document, String> {
        let pdf = Pdf::new(bytes).map_err(|error| match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => "password",
            _ => "damaged",
        })?;
        Ok(Self { pdf })
    }

    /// Width and height of each page in points (1/72 inch), one after the other.
    pub fn sizes(&self) -> Vec<f32> {
        let size = |page: &hayro::hayro_syntax::page::Page<'_>| {
            let (width, height) = page.render_dimensions();
            [width.max(1.0), height.max(1.0)]
        };
        self.pdf.pages().iter().flat_map(size).collect()
    }

    /// Draws a page, counted from 0, on white, about this many pixels wide. Nothing if there is no such page.
    pub fn draw(&self, page: usize, width_px: f32) -> Option<Drawn> {
        let page = self.pdf.pages().get(page)?;
        let (width, height) = page.render_dimensions();
        let most = MAX_SIDE_PX / width.max(height).max(1.0);
        let scale = (width_px / width.max(1.0)).clamp(1.0 / width.min(height).max(1.0), most);
        let pixmap = render(
            page,
            &RenderCache::new(),
            &InterpreterSettings::default(),
            &RenderSettings::default(),
            &PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE },
        );
        Some(Drawn {
            width: pixmap.width().into(),
            height: pixmap.height().into(),
            // On white nothing is transparent, so premultiplied is the same as not.
            rgba: pixmap.data_as_u8_slice().to_vec(),
        })
    }
}

/// A drawn page.
#[wasm_bindgen]
pub struct Drawn {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    rgba: Vec<u8>,
}

#[wasm_bindgen]
impl Drawn {
    /// Red, green, blue and opacity of each pixel, from the top left. They are given once.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rgba)
    }
}
