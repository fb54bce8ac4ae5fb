//! M.4: what a video's file carries beside picture and sound does not go out; its pictures go out as they were. The files
//! are made by ffmpeg as phones write them: MP4 as Android does, MOV as iOS does, WebM as browsers and screen recorders do.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{Screen, Server};

use crate::app::{Person, dist, id};
use crate::i_n_redaction::{bytes_of, close_lightbox, exiftool, keep_shown};
use crate::j_1_clinicians_chat::{ANNA, JONAS, PASSWORD};

/// What must be in the files before, and must not be afterwards.
const SECRETS: [&str; 6] = ["48.137", "11.575", "Meyer", "Zimmer 4", "Telefon", "2026:11:27"];

#[test]
fn a_videos_place_time_and_device_stay_at_home_and_its_pictures_arrive_as_they_were() {
    let server = Server::demo(&dist());
    let files = tempfile::tempdir().expect("a directory for files");
    let anna = Person::logged_in(&server.url(), "anna", PASSWORD, Screen::Phone);
    let jonas = Person::logged_in(&server.url(), "jonas", PASSWORD, Screen::Desktop);
    anna.write_to("Weber", JONAS);
    anna.say("Hallo");
    jonas.open(ANNA);
    keep_shown(&jonas);

    let place = ["-metadata", "location=+48.1370+011.5750/"];
    let common = [
        "-metadata",
        "title=Zimmer 4",
        "-metadata",
        "comment=Anna Meyer",
        "-metadata",
        "creation_time=2026-11-27T08:00:00Z",
    ];
    let h264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"];
    let android = [&h264[..], &place, &common, &["-metadata:s:v", "handler_name=Telefon"]].concat();
    let ios = [
        &h264[..],
        &common,
        &[
            "-movflags",
            "use_metadata_tags",
            "-metadata",
            "com.apple.quicktime.make=Telefon",
            "-metadata",
            "com.apple.quicktime.location.ISO6709=+48.1370+011.5750/",
            // A time code is a track of its own.
            "-timecode",
            "10:00:00:00",
        ],
    ]
    .concat();
    let vp8 = ["-c:v", "libvpx", "-c:a", "libopus"];
    let webm = [
        &vp8[..],
        &common,
        &["-metadata", "LOCATION=+48.1370+011.5750/", "-metadata:s:v", "title=Telefon"],
    ]
    .concat();

    for (name, arguments) in
        [("VID_2044.mp4", android), ("IMG_2045.mov", ios), ("Aufnahme.webm", webm)]
    {
        let original = made(files.path(), name, &arguments);
        let told = told(&original);
        for secret in SECRETS {
            assert!(told.contains(secret), "the control {name} does not say {secret}: {told}");
        }
        let caption = format!("Aus {name}");
        anna.send_document(&original, &caption);
        let message = jonas.message(&caption);
        // A still of it stands in the chat, and its length.
        jonas.browser.find(&format!("{message} {}", id("video-still")));
        assert!(
            jonas.browser.text(&format!("{message} {}", id("video"))).contains("0:02"),
            "{name}"
        );
        jonas.look("video-in-chat");
        jonas.browser.click(&format!("{message} {}", id("video")));
        let shown = id("lightbox-video");
        jonas.browser.find(&shown);
        let plays = format!("return document.querySelector('{shown}').currentTime > 0.5");
        jonas.browser.wait_for("the video to play", || {
            (jonas.browser.script(&plays, &serde_json::json!([])) == true).then_some(())
        });
        jonas.look("video");
        let received = files.path().join(format!("received-{name}"));
        std::fs::write(&received, bytes_of(&jonas, &shown)).expect("it is written");
        close_lightbox(&jonas);

        let still_told = self::told(&received);
        for secret in SECRETS {
            assert!(!still_told.contains(secret), "{name} still says {secret}: {still_told}");
        }
        let raw = std::fs::read(&received).expect("it is read");
        for secret in ["48.137", "Meyer", "Zimmer 4", "Telefon"] {
            let there = raw.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!there, "{secret} is in the bytes of {name}");
        }
        assert_eq!(pictures(&original), pictures(&received), "{name}");

        jonas.act(&caption, "action-details");
        let report = jonas.browser.text(&id("removal-report"));
        assert!(report.contains("Aufnahmeort"), "{name}: {report}");
        jonas.look("video-report");
        jonas.browser.click(&id("sheet-close"));
    }

    // What only looks like a video is not sent: nobody can say what it carries.
    let broken = files.path().join("kaputt.mp4");
    std::fs::write(&broken, b"\0\0\0\x18ftypisom\0\0\0\0isomiso2\0\0\xFF\xFFmoov")
        .expect("it is written");
    anna.browser.upload(&id("document-input"), &broken);
    anna.browser.wait_text(&id("toast"), "lässt sich nicht bereinigen");
}

/// Two seconds of a test picture with a tone.
fn made(directory: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let file = directory.join(name);
    let inputs = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=320x240:rate=15",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440",
    ];
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(inputs)
        .args(["-t", "1.9"])
        .args(arguments)
        .arg(&file)
        .output()
        .expect("ffmpeg runs: apt-get install ffmpeg");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    file
}

/// All that exiftool and ffprobe find to say about a file.
fn told(file: &Path) -> String {
    let by_exiftool =
        exiftool(&["-a", "-u", "-G1", "-ee3", "-api", "LargeFileSupport=1", "-c", "%.4f"], file);
    let arguments = ["-v", "error", "-show_format", "-show_streams", "-show_chapters"];
    let output = Command::new("ffprobe").args(arguments).arg(file).output().expect("ffprobe runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The file system's own dates are not the file's.
    let lines = by_exiftool.lines().filter(|line| !line.starts_with("[System]"));
    lines.chain(String::from_utf8_lossy(&output.stdout).lines()).collect::<Vec<_>>().join("\n")
}

/// A checksum over every decoded picture and every stretch of sound.
fn pictures(file: &Path) -> String {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-map", "0:v", "-map", "0:a", "-f", "framemd5", "-"])
        .output()
        .expect("ffmpeg runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let sums = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(sums.lines().filter(|line| !line.starts_with('#')).count() > 30, "{sums}");
    sums
}
