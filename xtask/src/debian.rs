//! Programs the tests need beside Rust, from Debian's packages.

use std::path::Path;
use std::process::Command;

use crate::Failure;
use crate::cargo::step;

struct Tool {
    package: &'static str,
    present: fn() -> bool,
}

const TOOLS: [Tool; 15] = [
    Tool { package: "chromium", present: || on_path("chromium") },
    Tool { package: "chromium-driver", present: || on_path("chromedriver") },
    Tool { package: "webkit2gtk-driver", present: || on_path("WebKitWebDriver") },
    Tool { package: "xvfb", present: || on_path("Xvfb") },
    Tool { package: "firefox-esr", present: || on_path("firefox-esr") },
    Tool { package: "npm", present: || on_path("npm") },
    Tool { package: "postgresql", present: || below("/usr/lib/postgresql", "bin/initdb") },
    Tool { package: "python3-venv", present: makes_environments },
    Tool { package: "libimage-exiftool-perl", present: || on_path("exiftool") },
    Tool { package: "ffmpeg", present: || on_path("ffmpeg") },
    Tool { package: "poppler-utils", present: || on_path("pdftoppm") },
    Tool { package: "age", present: || on_path("age") },
    Tool { package: "qpdf", present: || on_path("qpdf") },
    Tool { package: "strace", present: || on_path("strace") },
    Tool { package: "fonts-dejavu-core", present: || below("/usr/share/fonts", "") },
];

/// Installs what is missing when run as root; else names the command that does.
pub fn ensure() -> Result<(), Failure> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let command = format!("apt-get install --yes --no-install-recommends {}", missing.join(" "));
    if !root()? {
        return Err(format!(
            "some tests need programs that are not installed; run\n    sudo {command}"
        )
        .into());
    }
    let script = format!("apt-get update --quiet && DEBIAN_FRONTEND=noninteractive {command}");
    step("Debian packages for the tests", Command::new("sh").args(["-c", &script]))?;
    match self::missing().as_slice() {
        [] => Ok(()),
        still => Err(format!("still missing after the installation: {}", still.join(" ")).into()),
    }
}

fn missing() -> Vec<&'static str> {
    TOOLS.iter().filter(|tool| !(tool.present)()).map(|tool| tool.package).collect()
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// Whether Python can make an environment with packages of its own (`testkit::python`).
fn makes_environments() -> bool {
    let output = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    output.is_ok_and(|output| output.status.success())
}

/// Whether some directory directly below `directory` holds `file`.
fn below(directory: &str, file: &str) -> bool {
    let Ok(entries) = Path::new(directory).read_dir() else { return false };
    entries.flatten().any(|entry| entry.path().join(file).exists())
}

fn root() -> Result<bool, Failure> {
    Ok(Command::new("id").arg("-u").output()?.stdout.trim_ascii() == b"0")
}
