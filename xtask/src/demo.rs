//! `cargo xtask demo`: the demo hospital on this machine.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::Failure;
use crate::cargo::{Target, cargo, root, step, target_dir};
use crate::web;

/// Builds server and app, then becomes the server. Returns only if something failed.
pub fn run(port: u16, data_dir: &Path) -> Result<(), Failure> {
    step("The server", cargo("build", Target::Native).args(["--package", "konsil"]))?;
    let dist = web::build(web::Profile::Development)?;
    println!("── The demo hospital");
    let failure = Command::new(target_dir(Target::Native).join("debug/konsil"))
        .current_dir(root())
        .args(["demo", "--port", &port.to_string()])
        .arg("--data-dir")
        .arg(data_dir)
        .arg("--web")
        .arg(dist)
        .exec();
    Err(format!("konsil demo does not start: {failure}").into())
}
