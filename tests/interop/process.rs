//! A client in another language: a child process that takes a command a line and answers with a line.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::clients::{Client, File, Text};

pub struct Device {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    user_id: String,
}

/// What `cargo xtask` has installed of the clients.
fn installed(path: &str) -> PathBuf {
    let base = std::env::var_os("KONSIL_INTEROP")
        .expect("`cargo xtask interop` installs the clients and sets KONSIL_INTEROP");
    let path = PathBuf::from(base).join(path);
    assert!(path.exists(), "{} is missing: `cargo xtask interop` installs it", path.display());
    path
}

impl Device {
    pub fn js_sdk() -> Self {
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
        let node = installed(&format!("js/node_modules/node-linux-{architecture}/bin/node"));
        // Handed over as text, it finds its packages in the working directory.
        let client = include_str!("js/client.mjs");
        let mut command = Command::new(node);
        command.args(["--input-type=module", "--eval", client]).current_dir(installed("js"));
        Self::start(command)
    }

    pub fn nio() -> Self {
        let mut command = Command::new(installed("python/bin/python"));
        command.args(["-c", include_str!("python/client.py")]);
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let input = process.stdin.take();
        Self { process, input, output, user_id: String::new() }
    }

    pub fn log_in(&mut self, server: &str, user: &str, password: &str) {
        let answer = self.ask(json!({
            "command": "login",
            "server": server,
            "user": user,
            "password": password,
            "device_name": "interop",
        }));
        self.user_id = text(&answer, "user_id");
    }

    fn ask(&mut self, command: Value) -> Value {
        let input = self.input.as_mut().expect("only dropping closes it");
        writeln!(input, "{command}").expect("the client takes commands");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the client's answer is text");
        let mut answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!("{}: {} is answered by «{line}»: {error}", self.user_id, command["command"])
        });
        assert!(
            answer["ok"].is_object(),
            "{}: {} failed: {}",
            self.user_id,
            command["command"],
            answer["error"].as_str().unwrap_or("without words"),
        );
        answer["ok"].take()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // Without commands to come the client ends; if it does not, nobody may wait for it.
        self.input = None;
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(answer: &Value, key: &str) -> String {
    answer[key].as_str().unwrap_or_else(|| panic!("{key} is in {answer}")).to_owned()
}

fn encrypted(answer: &Value) -> bool {
    answer["encrypted"].as_bool().expect("the client says whether it was encrypted")
}

impl Client for Device {
    fn user_id(&self) -> &str {
        &self.user_id
    }

    fn create_room(&mut self, name: &str, invite: &[String]) -> String {
        let command = json!({ "command": "create_room", "name": name, "invite": invite });
        text(&self.ask(command), "room_id")
    }

    fn join(&mut self, room: &str) {
        self.ask(json!({ "command": "join", "room": room }));
    }

    fn wait_joined(&mut self, room: &str, people: &[String]) {
        self.ask(json!({ "command": "wait_joined", "room": room, "people": people }));
    }

    fn send_text(&mut self, room: &str, body: &str) {
        self.ask(json!({ "command": "send_text", "room": room, "body": body }));
    }

    fn send_file(&mut self, room: &str, name: &str, data: &[u8]) {
        let data = STANDARD.encode(data);
        self.ask(json!({ "command": "send_file", "room": room, "name": name, "data": data }));
    }

    fn read_text(&mut self, room: &str, body: &str) -> Text {
        let answer = self.ask(json!({ "command": "read_text", "room": room, "body": body }));
        Text { sender: text(&answer, "sender"), encrypted: encrypted(&answer) }
    }

    fn read_file(&mut self, room: &str, name: &str) -> File {
        let answer = self.ask(json!({ "command": "read_file", "room": room, "name": name }));
        let data = STANDARD.decode(text(&answer, "data")).expect("files come as base64");
        File { sender: text(&answer, "sender"), encrypted: encrypted(&answer), data }
    }

    fn keep_keys(&mut self) -> String {
        text(&self.ask(json!({ "command": "keep_keys" })), "kept")
    }

    fn restore_keys(&mut self, kept: &str) {
        let answer = self.ask(json!({ "command": "restore_keys", "kept": kept }));
        assert!(answer["imported"].as_u64() > Some(0), "{}: no key was restored", self.user_id);
    }
}
