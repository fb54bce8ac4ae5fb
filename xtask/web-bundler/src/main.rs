//! `web-bundler fast|small STATIC_DIR DIST_DIR APP.wasm PDF.wasm QR.wasm`
//!
//! Writes the app as the server hands it out: its modules and their glue (wasm-bindgen as a library, so that no
//! tool is to be installed), the static files, and beside each compressible file its `.br` and `.gz`.
//! wasm-bindgen and its bundler share one version because both ask for exactly one `wasm-bindgen-shared`.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How much time goes into compression.
#[derive(Clone, Copy)]
enum Effort {
    /// For development and tests.
    Fast,
    /// For a release: about a minute for 40 % less than `Fast`.
    Small,
}

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [effort, statics, dist, app, pdf, qr] = arguments.as_slice() else {
        let usage = "usage: web-bundler fast|small STATIC_DIR DIST_DIR APP.wasm PDF.wasm QR.wasm";
        return Err(usage.into());
    };
    let effort = match effort.to_str() {
        Some("fast") => Effort::Fast,
        Some("small") => Effort::Small,
        _ => return Err("the first argument is `fast` or `small`".into()),
    };
    let modules = [("web", Path::new(app)), ("pdf", Path::new(pdf)), ("qr", Path::new(qr))];
    bundle(effort, &modules, Path::new(statics), Path::new(dist))
}

fn bundle(effort: Effort, modules: &[(&str, &Path)], statics: &Path, dist: &Path) -> Result<()> {
    // Built beside the old one and swapped at the end: a running server never hands out half a bundle.
    let next = dist.with_extension("next");
    remove(&next)?;
    copy(statics, &next)?;
    for (name, module) in modules {
        Bindgen::new()
            .input_path(module)
            .web(true)?
            .typescript(false)
            .out_name(name)
            .remove_name_section(true)
            .remove_producers_section(true)
            .generate(&next)?;
    }
    stamp(&next, env!("CARGO_PKG_VERSION"))?;
    for file in files(&next)? {
        if compressible(&file) {
            compress(&file, effort)?;
        }
    }
    remove(dist)?;
    fs::rename(&next, dist)?;
    Ok(())
}

/// Writes into the page which version it is, and into the service worker which files belong to it, by their SHA-256: so no worker keeps
/// half of one version and half of another, whenever the server's files change.
fn stamp(bundle: &Path, version: &str) -> Result<()> {
    const PAGE: &str = "<meta name=\"konsil-version\" content=\"development\">";
    const WORKER: &str = "const BUNDLE = { id: \"development\", files: {} };";
    let put = |name: &str, place: &str, stamped: &str| -> Result<()> {
        let text = fs::read_to_string(bundle.join(name))?;
        if text.matches(place).count() != 1 {
            return Err(format!("{name} has no place for its version").into());
        }
        Ok(fs::write(bundle.join(name), text.replace(place, stamped))?)
    };
    put("index.html", PAGE, &PAGE.replace("development", version))?;
    let mut digests = serde_json::Map::new();
    for file in files(bundle)? {
        let name = file.strip_prefix(bundle)?.to_str().ok_or("names are UTF-8")?;
        // The worker knows the page by the address at which it is asked for.
        let name = if name == "index.html" { "./" } else { name };
        if name != "sw.js" {
            digests.insert(name.to_owned(), hex(&Sha256::digest(fs::read(&file)?)).into());
        }
    }
    let id = hex(&Sha256::digest(serde_json::to_vec(&digests)?));
    let stamped = serde_json::json!({ "id": id[..16], "files": digests });
    put("sw.js", WORKER, &format!("const BUNDLE = {stamped};"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn remove(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    if !from.exists() {
        return Ok(());
    }
    for file in files(from)? {
        let target = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(target.parent().ok_or("a file lies in a directory")?)?;
        fs::copy(&file, target)?;
    }
    Ok(())
}

/// All files below a directory, in a stable order.
fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Fonts in WOFF2 and pictures are compressed already.
fn compressible(file: &Path) -> bool {
    let extension = file.extension().and_then(OsStr::to_str).unwrap_or_default();
    matches!(
        extension,
        "wasm" | "js" | "css" | "html" | "svg" | "json" | "webmanifest" | "txt" | "ttf"
    )
}

fn compress(file: &Path, effort: Effort) -> Result<()> {
    let bytes = fs::read(file)?;
    let (quality, level) = match effort {
        Effort::Fast => (3, flate2::Compression::fast()),
        Effort::Small => (11, flate2::Compression::best()),
    };
    let parameters =
        brotli::enc::BrotliEncoderParams { quality, size_hint: bytes.len(), ..Default::default() };
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut bytes.as_slice(), &mut brotli, &parameters)?;
    fs::write(beside(file, "br"), brotli)?;

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
    gzip.write_all(&bytes)?;
    fs::write(beside(file, "gz"), gzip.finish()?)?;
    Ok(())
}

/// `app.js` → `app.js.br`
fn beside(file: &Path, extension: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_says_its_version_and_its_worker_knows_each_of_its_files() {
        let directory =
            std::env::temp_dir().join(format!("web-bundler-stamp-{}", std::process::id()));
        let statics = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/web/static");
        copy(&statics, &directory).unwrap();

        stamp(&directory, "7.8.9").unwrap();

        let page = fs::read_to_string(directory.join("index.html")).unwrap();
        assert!(page.contains("<meta name=\"konsil-version\" content=\"7.8.9\">"));
        let worker = fs::read_to_string(directory.join("sw.js")).unwrap();
        let bundle = worker.lines().find_map(|line| line.strip_prefix("const BUNDLE = ")).unwrap();
        let bundle: serde_json::Value = serde_json::from_str(bundle.trim_end_matches(';')).unwrap();
        assert_eq!(bundle["id"].as_str().map(str::len), Some(16));
        assert_eq!(bundle["files"]["./"], hex(&Sha256::digest(page.as_bytes())));
        assert!(bundle["files"]["css/base.css"].is_string() && bundle["files"]["sw.js"].is_null());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn compressed_files_hold_the_same_bytes() {
        let directory = std::env::temp_dir().join(format!("web-bundler-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let file = directory.join("app.js");
        let text = "const answer = 42;\n".repeat(1000);
        fs::write(&file, &text).unwrap();

        compress(&file, Effort::Fast).unwrap();

        let mut brotli = Vec::new();
        let compressed = fs::read(directory.join("app.js.br")).unwrap();
        assert!(compressed.len() < text.len() / 10);
        brotli::BrotliDecompress(&mut compressed.as_slice(), &mut brotli).unwrap();
        assert_eq!(brotli, text.as_bytes());
        let mut gzip = flate2::write::GzDecoder::new(Vec::new());
        gzip.write_all(&fs::read(directory.join("app.js.gz")).unwrap()).unwrap();
        assert_eq!(gzip.finish().unwrap(), text.as_bytes());
        fs::remove_dir_all(directory).unwrap();
    }
}
