//! Thumbnails of pictures that are not encrypted: avatars, mostly.
//! <https://spec.matrix.org/v1.19/client-server-api/#thumbnails>

use std::io::Cursor;

use db::{Batch, CommitError};
use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder,
    imageops::FilterType,
};
pub use store::media::Thumbnail as Picture;
use tokio::sync::Semaphore;

use super::{DownloadError, File, commit_or_delete, new_object_name, open};
use crate::Homeserver;

/// Largest file, in bytes, of which a thumbnail is made.
const MAX_SOURCE_BYTES: u64 = 32 * 1024 * 1024;
/// Largest picture, in pixels, of which a thumbnail is made: unpacked it takes four bytes each.
const MAX_PIXELS: u64 = 50_000_000;
const MAX_SIDE: u32 = 16_384;
const MAX_DECODER_BYTES: u64 = 256 * 1024 * 1024;
/// Pictures that are unpacked at the same time.
const AT_ONCE: usize = 2;
const JPEG_QUALITY: u8 = 80;
/// The sizes that are made: few, so that nobody fills the disk by asking for all of them.
const SQUARES: [u32; 4] = [32, 96, 256, 512];
const FRAMES: [(u32, u32); 4] = [(320, 240), (640, 480), (800, 600), (1600, 1200)];

/// Bounds how many thumbnails are made at once.
#[derive(Debug)]
pub struct Thumbnails(Semaphore);

impl Default for Thumbnails {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

/// The thumbnail that a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Desired width, in pixels.
    pub width: u32,
    /// Desired height, in pixels.
    pub height: u32,
    /// Fill the size and cut off the rest, instead of fitting into it.
    pub crop: bool,
}

/// Why there is no thumbnail.
#[derive(Debug, thiserror::Error)]
pub enum ThumbnailError {
    /// The file is no picture that the server can read; an encrypted one never is.
    #[error("no thumbnail can be made of this file")]
    NotAPicture,
    /// The picture is too large to be unpacked.
    #[error("the picture is too large for a thumbnail")]
    TooLarge,
    /// No thumbnail has this size.
    #[error("the size is not valid")]
    InvalidSize,
    /// The file could not be read.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The thumbnail could not be stored.
    #[error(transparent)]
    Blob(#[from] blob::Error),
    /// Reading the database failed.
    #[error(transparent)]
    Store(#[from] db::Error),
    /// Writing the database failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// A size that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    width: u32,
    height: u32,
    crop: bool,
}

impl Wanted {
    /// The smallest size that is made and not smaller than wanted, or the largest.
    fn size(self) -> Result<Size, ThumbnailError> {
        if self.width == 0 || self.height == 0 {
            return Err(ThumbnailError::InvalidSize);
        }
        let fits = |(width, height): &(u32, u32)| *width >= self.width && *height >= self.height;
        let sizes: &[(u32, u32)] =
            if self.crop { &SQUARES.map(|side| (side, side)) } else { &FRAMES };
        let (width, height) =
            *sizes.iter().find(|size| fits(size)).unwrap_or(&sizes[sizes.len() - 1]);
        Ok(Size { width, height, crop: self.crop })
    }
}

impl Size {
    /// How the size is called in the database.
    fn kind(self) -> String {
        let method = if self.crop { "crop" } else { "scale" };
        format!("{method}-{}x{}", self.width, self.height)
    }
}

/// A thumbnail of a file, made now or before.
pub async fn thumbnail(
    hs: &Homeserver,
    media_id: &str,
    file: &File,
    wanted: Wanted,
) -> Result<Picture, ThumbnailError> {
    let size = wanted.size()?;
    let kind = size.kind();
    if let Some(made) = store::media::thumbnail(&hs.db, media_id, &kind).await? {
        return Ok(made);
    }
    if file.size_bytes > MAX_SOURCE_BYTES {
        return Err(ThumbnailError::TooLarge);
    }
    let _permit = hs.thumbnails.0.acquire().await.expect("the semaphore is never closed");
    // Whoever waited for the same one finds it now.
    if let Some(made) = store::media::thumbnail(&hs.db, media_id, &kind).await? {
        return Ok(made);
    }
    let source = open(hs, file, 0..file.size_bytes)
        .await?
        .into_bytes()
        .await
        .map_err(blob::Error::Storage)?;
    let shrunk = tokio::task::spawn_blocking(move || shrink(&source, size)).await;
    // A decoder that panics has met a file that is no picture.
    let (content_type, bytes) = shrunk.unwrap_or(Err(ThumbnailError::NotAPicture))?;
    let mut upload = hs.blobs.create(new_object_name());
    upload.write(bytes.into()).await?;
    let stored = upload.finish().await?;
    let picture = Picture {
        object: stored.name.to_string(),
        size_bytes: stored.size_bytes,
        content_type: content_type.to_owned(),
    };
    let mut batch = Batch::new();
    store::media::insert_thumbnail(&mut batch, media_id, &kind, &picture);
    match commit_or_delete(hs, batch, &stored.name).await {
        Ok(()) => Ok(picture),
        Err(CommitError::Conflict { .. }) => {
            // Another node was quicker.
            let made = store::media::thumbnail(&hs.db, media_id, &kind).await?;
            made.ok_or(ThumbnailError::Download(DownloadError::NotFound))
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes a picture smaller: content type and bytes. What the file says besides its pixels (place, camera) is left out.
fn shrink(source: &[u8], size: Size) -> Result<(&'static str, Vec<u8>), ThumbnailError> {
    let mut reader = ImageReader::new(Cursor::new(source))
        .with_guessed_format()
        .map_err(|_| ThumbnailError::NotAPicture)?;
    // The content decides what it is, not its name; only formats that are built in are read.
    if !matches!(
        reader.format(),
        Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Gif | ImageFormat::WebP)
    ) {
        return Err(ThumbnailError::NotAPicture);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(ThumbnailError::TooLarge);
    }
    let orientation = decoder.orientation().map_err(refused)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    picture.apply_orientation(orientation);
    encode(&resize(&picture, size))
}

fn refused(error: image::ImageError) -> ThumbnailError {
    match error {
        image::ImageError::Limits(_) => ThumbnailError::TooLarge,
        _ => ThumbnailError::NotAPicture,
    }
}

/// Fits the picture into the size, or fills the size with it. A small picture is never made larger.
fn resize(picture: &DynamicImage, size: Size) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    if size.crop {
        let side = size.width.min(size.height).min(width).min(height).max(1);
        return picture.resize_to_fill(side, side, FilterType::Triangle);
    }
    if width <= size.width && height <= size.height {
        return picture.clone();
    }
    picture.resize(size.width, size.height, FilterType::Triangle)
}

fn encode(picture: &DynamicImage) -> Result<(&'static str, Vec<u8>), ThumbnailError> {
    let mut bytes = Vec::new();
    if picture.color().has_alpha() {
        let picture = DynamicImage::ImageRgba8(picture.to_rgba8());
        picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).map_err(refused)?;
        return Ok(("image/png", bytes));
    }
    let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    DynamicImage::ImageRgb8(picture.to_rgb8()).write_with_encoder(encoder).map_err(refused)?;
    Ok(("image/jpeg", bytes))
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, RgbaImage};

    use super::*;

    const CROP_96: Size = Size { width: 96, height: 96, crop: true };
    const SCALE_320: Size = Size { width: 320, height: 240, crop: false };

    fn written(picture: DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    fn photo(width: u32, height: u32) -> DynamicImage {
        RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 128])).into()
    }

    fn dimensions(bytes: &[u8]) -> (u32, u32) {
        let picture = image::load_from_memory(bytes).unwrap();
        (picture.width(), picture.height())
    }

    #[test]
    fn the_smallest_size_that_suffices_is_made() {
        let kind = |width, height, crop| Wanted { width, height, crop }.size().map(Size::kind);
        assert_eq!(kind(1, 1, true).unwrap(), "crop-32x32");
        assert_eq!(kind(33, 20, true).unwrap(), "crop-96x96");
        assert_eq!(kind(4000, 4000, true).unwrap(), "crop-512x512");
        assert_eq!(kind(320, 240, false).unwrap(), "scale-320x240");
        assert_eq!(kind(320, 241, false).unwrap(), "scale-640x480");
        assert_eq!(kind(u32::MAX, u32::MAX, false).unwrap(), "scale-1600x1200");
        assert!(kind(0, 10, true).is_err());
    }

    #[test]
    fn pictures_of_every_known_format_become_smaller() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
            let source = written(photo(1000, 500), format);
            let (_, scaled) = shrink(&source, SCALE_320).unwrap();
            assert_eq!(dimensions(&scaled), (320, 160), "{format:?}");
            let (_, cropped) = shrink(&source, CROP_96).unwrap();
            assert_eq!(dimensions(&cropped), (96, 96), "{format:?}");
        }
    }

    #[test]
    fn a_small_picture_is_not_made_larger() {
        let source = written(photo(20, 10), ImageFormat::Png);
        assert_eq!(dimensions(&shrink(&source, SCALE_320).unwrap().1), (20, 10));
        assert_eq!(dimensions(&shrink(&source, CROP_96).unwrap().1), (10, 10));
    }

    #[test]
    fn transparency_is_kept_and_photos_become_jpeg() {
        let transparent = written(RgbaImage::new(50, 50).into(), ImageFormat::Png);
        assert_eq!(shrink(&transparent, CROP_96).unwrap().0, "image/png");
        let photo = written(photo(50, 50), ImageFormat::Png);
        assert_eq!(shrink(&photo, CROP_96).unwrap().0, "image/jpeg");
    }

    #[test]
    fn ciphertext_text_and_broken_pictures_are_refused() {
        let mut broken = written(photo(100, 100), ImageFormat::Png);
        broken.truncate(200);
        for source in
            [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", &[0x5a; 5000], &broken]
        {
            assert!(matches!(shrink(source, CROP_96), Err(ThumbnailError::NotAPicture)));
        }
    }

    #[test]
    fn a_picture_that_claims_to_be_huge_is_refused_before_it_is_unpacked() {
        // The width in the header of a PNG, with the checksum that belongs to it.
        let mut source = written(photo(10, 10), ImageFormat::Png);
        source[16..24].copy_from_slice(&[0, 0, 0x3f, 0xff, 0, 0, 0x3f, 0xff]);
        let checksum = crc32(&source[12..29]);
        source[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert!(matches!(shrink(&source, CROP_96), Err(ThumbnailError::TooLarge)));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
            })
        })
    }
}
