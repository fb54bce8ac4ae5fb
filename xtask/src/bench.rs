//! `cargo xtask bench`: the release build under the load generator, side by side with a peer and with the machine's floor.
//!
//! Each scenario runs against Konsil and then against the peer, so that both meet the same moment of the machine. What
//! counts are ratios of one run and processor time per operation; absolute numbers belong to the machine.

mod peer;
mod report;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::Failure;
use crate::cargo::{Target, cargo, root, step, target_dir};
use crate::suite::native;
use peer::Peer;
use report::Report;
use server::{Server, konsil};

/// What is measured, and how.
pub struct Wishes {
    /// Another homeserver to compare with.
    pub peer: Option<String>,
    /// Scenarios, all if empty.
    pub only: Vec<String>,
    /// Where the load generator's source lies.
    pub load_generator: PathBuf,
    /// Seconds of each measured phase.
    pub seconds: u32,
}

/// The load generator and its floor, built.
struct Tools {
    loadtest: PathBuf,
    floor: PathBuf,
    /// Configurations, data, logs and reports of this run.
    scratch: PathBuf,
}

/// A load generator's run: the scenario with its options.
struct Scenario<'a> {
    name: &'a str,
    options: Vec<String>,
}

impl<'a> Scenario<'a> {
    fn new(name: &'a str, options: &[&str]) -> Self {
        Self { name, options: options.iter().map(|&option| option.to_owned()).collect() }
    }
}

/// Measures, prints the table, and writes it with everything that was measured into the target directory.
pub fn run(wishes: &Wishes) -> Result<(), Failure> {
    let started = Instant::now();
    let tools = build(&wishes.load_generator)?;
    let peer = wishes.peer.as_deref().map(Peer::find).transpose()?;
    if let Some(peer) = &peer {
        peer.install()?;
    }
    let mut bench = Bench { tools, peer, seconds: wishes.seconds, report: Report::default() };
    let wanted = |name: &str| wishes.only.is_empty() || wishes.only.iter().any(|only| only == name);
    bench.floor()?;
    for (name, scenario) in SCENARIOS {
        if wanted(name) {
            println!("── {name}");
            let begun = Instant::now();
            scenario(&mut bench)?;
            println!("   {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
    let folder = target_dir(Target::Native).join("bench");
    fs::create_dir_all(&folder)?;
    let table = bench.report.table();
    fs::write(folder.join("report.json"), serde_json::to_string_pretty(&bench.report.raw)?)?;
    fs::write(folder.join("report.md"), &table)?;
    println!("\n{table}\n{} · {:.0} s", folder.display(), started.elapsed().as_secs_f64());
    Ok(())
}

/// What a hospital's size costs (`tests/growth`).
pub fn growth(events: &str) -> Result<(), Failure> {
    build_server()?;
    step(
        "Growth",
        cargo("run", Target::Native)
            .args(["--release", "--package", "growth"])
            .env("KONSIL_BIN", target_dir(Target::Native).join("release/konsil"))
            .env("KONSIL_GROWTH_EVENTS", events),
    )
}

/// How many messages cannot be read, with twenty devices that come and go (`crates/client/benches/undecryptable.rs`).
pub fn undecryptable(messages: &str, seed: Option<&str>) -> Result<(), Failure> {
    step("The server", native("build").arg("--all-targets"))?;
    let mut run = cargo("test", Target::Client);
    run.args(["--package", "konsil-client", "--bench", "undecryptable"])
        .env("KONSIL_BIN", target_dir(Target::Native).join("debug/konsil"))
        .env("KONSIL_MESSAGES", messages);
    if let Some(seed) = seed {
        run.env("KONSIL_SEED", seed);
    }
    step("Messages that cannot be read", &mut run)
}

/// How often pictures with writing are told from others (`crates/web/benches/writing.rs`).
pub fn writing(pictures: &str) -> Result<(), Failure> {
    let pictures = std::path::absolute(pictures)?;
    let mut run = cargo("test", Target::Client);
    run.args(["--package", "konsil-web", "--bench", "writing"]).env("KONSIL_PICTURES", pictures);
    step("Pictures with writing", &mut run)
}

fn build_server() -> Result<(), Failure> {
    step(
        "The server, release build",
        cargo("build", Target::Native).args(["--release", "--package", "konsil"]),
    )
}

fn build(load_generator: &Path) -> Result<Tools, Failure> {
    let manifest = load_generator.join("Cargo.toml");
    if !manifest.exists() {
        return Err(format!(
            "there is no load generator in {} (--load-generator names another directory)",
            load_generator.display()
        )
        .into());
    }
    build_server()?;
    let target = target_dir(Target::Native).join("loadtest");
    step(
        "The load generator",
        cargo("build", Target::Native)
            .args(["--release", "--manifest-path"])
            .arg(&manifest)
            .env("CARGO_TARGET_DIR", &target),
    )?;
    let scratch = target_dir(Target::Native).join("bench/scratch");
    match fs::remove_dir_all(&scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => fs::create_dir_all(&scratch)?,
    }
    let bin = target.join("release");
    Ok(Tools { loadtest: bin.join("loadtest"), floor: bin.join("floor"), scratch })
}

type Run = fn(&mut Bench) -> Result<(), Failure>;

const SCENARIOS: [(&str, Run); 8] = [
    ("send", Bench::send),
    ("send-with-sync", Bench::send_with_sync),
    ("fanout", Bench::fanout),
    ("deliveries", Bench::deliveries),
    ("initial-sync", Bench::initial_sync),
    ("e2ee", Bench::e2ee),
    ("media", Bench::media),
    ("idle", Bench::idle),
];

struct Bench {
    tools: Tools,
    peer: Option<Peer>,
    seconds: u32,
    report: Report,
}

impl Bench {
    /// What the machine allows at best.
    fn floor(&mut self) -> Result<(), Failure> {
        println!("── The machine's floor");
        for kind in ["disk", "crypto"] {
            let mut command = Command::new(&self.tools.floor);
            command.arg(kind);
            if kind == "disk" {
                command.arg("--dir").arg(&self.tools.scratch);
            }
            let text = String::from_utf8(command.output()?.stdout)?;
            text.lines().for_each(|line| self.report.note(line));
        }
        let address = format!("127.0.0.1:{}", server::free_port()?);
        let mut command = Command::new(&self.tools.floor);
        command.args(["serve", "--listen", &address]).stdout(Stdio::null());
        let server = Server::start("floor", command, &address, "/")?;
        let ping = Scenario::new("ping", &["--path", "/"]);
        let answer = self.measure(&server, "floor", &ping)?;
        let per_s = number(&answer, "/requests_per_s")?;
        self.report.floor_pings = Some(per_s);
        self.report.note(&format!("a server that says hello, pinged: {per_s:.0}/s"));
        Ok(())
    }

    fn send(&mut self) -> Result<(), Failure> {
        let scenario = self.timed("send", &["--warmup", "2"]);
        let (ours, theirs) = self.pair(&scenario)?;
        self.report.higher(
            "send",
            "messages/s",
            &ours,
            theirs.as_ref(),
            "/messages_per_s",
            75.0,
        )?;
        let per_message = |report: &Value| -> Result<f64, Failure> {
            let cpu = number(report, "/resources/server_cpu_s")?;
            Ok(cpu * 1_000.0 / number(report, "/latency/count")?)
        };
        let theirs = theirs.as_ref().map(per_message).transpose()?;
        self.report.compare_lower(
            "send",
            "server CPU per message, ms",
            per_message(&ours)?,
            theirs,
            70.0,
        );
        Ok(())
    }

    fn send_with_sync(&mut self) -> Result<(), Failure> {
        let scenario = self.timed("send", &["--with-sync", "--warmup", "2"]);
        let (ours, theirs) = self.pair(&scenario)?;
        let at = "/messages_per_s";
        self.report.higher("send --with-sync", "messages/s", &ours, theirs.as_ref(), at, 120.0)
    }

    fn fanout(&mut self) -> Result<(), Failure> {
        let seconds = (self.seconds + 5).to_string();
        let scenario = Scenario::new("fanout", &["--rate", "1", "--duration", &seconds]);
        let (ours, theirs) = self.pair(&scenario)?;
        let at = "/last_receiver/p99_ms";
        self.report.lower(
            "fanout --rate 1",
            "last of 100, p99 ms",
            &ours,
            theirs.as_ref(),
            at,
            60.0,
        )
    }

    /// The highest rate at which every message reaches every member, and the last of them within 250 ms.
    fn deliveries(&mut self) -> Result<(), Failure> {
        const MEMBERS: f64 = 100.0;
        const TRIES: usize = 6;
        let floor = self.report.floor_pings.unwrap_or_default();
        let (mut best, mut failed) = (0.0_f64, f64::INFINITY);
        let mut rate = (0.22 * floor / MEMBERS).max(10.0);
        for _ in 0..TRIES {
            let text = format!("{rate:.0}");
            let scenario = self.timed("fanout", &["--rate", &text, "--drain", "5"]);
            let server = konsil(&self.tools.scratch)?;
            let answer = self.measure(&server, "konsil", &scenario)?;
            let undelivered = number(&answer, "/undelivered")?;
            let last = number(&answer, "/last_receiver/p99_ms")?;
            println!(
                "   {rate:.0} messages/s: {undelivered:.0} undelivered, last receiver p99 {last:.0} ms"
            );
            if undelivered == 0.0 && last < 250.0 {
                best = best.max(rate);
            } else {
                failed = failed.min(rate);
            }
            rate = if failed.is_finite() { (best + failed) / 2.0 } else { rate * 1.3 };
            if failed - best < 0.05 * best {
                break;
            }
        }
        self.report.of_floor("fanout", "deliveries/s", best * MEMBERS, 0.22);
        Ok(())
    }

    fn initial_sync(&mut self) -> Result<(), Failure> {
        // As many messages as an answer shows: more would only make the set-up longer.
        let scenario = Scenario::new("initial-sync", &["--messages", "20"]);
        let (ours, theirs) = self.pair(&scenario)?;
        let theirs = theirs.as_ref();
        for (what, at, bar) in [
            ("/v3/sync of 200 rooms, p50 ms", "/v3_sync/latency/p50_ms", 60.0),
            ("sliding window of 20, p50 ms", "/sliding_sync/latency/p50_ms", 25.0),
        ] {
            self.report.lower("initial-sync", what, &ours, theirs, at, bar)?;
        }
        Ok(())
    }

    fn e2ee(&mut self) -> Result<(), Failure> {
        let (ours, theirs) = self.pair(&Scenario::new("e2ee", &[]))?;
        for (what, at, bar) in [
            ("keys/upload of 200 devices, s", "/keys_upload/total_s", 20.0),
            ("keys/query of 200, p50 ms", "/keys_query/latency/p50_ms", 10.0),
            ("keys/claim of 200, p50 ms", "/keys_claim/latency/p50_ms", 40.0),
            ("to-device to 200, p50 ms", "/send_to_device/latency/p50_ms", 10.0),
        ] {
            self.report.lower("e2ee", what, &ours, theirs.as_ref(), at, bar)?;
        }
        Ok(())
    }

    fn media(&mut self) -> Result<(), Failure> {
        let (ours, theirs) = self.pair(&Scenario::new("media", &[]))?;
        for (what, at, bar) in [
            ("1 MB up, MB/s", "/0/upload/mb_per_s_p50", 2.0),
            ("50 MB up, MB/s", "/1/upload/mb_per_s_p50", 1.2),
            ("1 MB down, MB/s", "/0/download/mb_per_s_p50", 4.0),
            ("50 MB down, MB/s", "/1/download/mb_per_s_p50", 1.5),
        ] {
            self.report.higher("media", what, &ours, theirs.as_ref(), at, bar)?;
        }
        let peak = number(&ours, "/1/download/resources/server_peak_rss_mib")?;
        self.report.note(&format!("media: {peak:.0} MiB of memory at most, with files of 50 MB"));
        Ok(())
    }

    /// Absolute bars: the peer's thousand clients would take minutes to set up and tell nothing more.
    fn idle(&mut self) -> Result<(), Failure> {
        let server = konsil(&self.tools.scratch)?;
        let idle =
            self.measure(&server, "konsil", &Scenario::new("idle", &["--duration", "30"]))?;
        let kib = number(&idle, "/rss_kib_per_client")?;
        let cpu = number(&idle, "/resources/server_cpu_s")?;
        let share = 100.0 * cpu / number(&idle, "/resources/wall_s")?;
        self.report.at_most("idle", "KiB per waiting client", kib, 18.0);
        self.report.at_most("idle", "CPU of 1,000, % of a core", share, 0.5);
        Ok(())
    }

    fn timed<'a>(&self, name: &'a str, options: &[&str]) -> Scenario<'a> {
        let mut scenario = Scenario::new(name, options);
        scenario.options.extend(["--duration".to_owned(), self.seconds.to_string()]);
        scenario
    }

    /// The scenario on Konsil, then on the peer, each with a fresh database.
    fn pair(&mut self, scenario: &Scenario<'_>) -> Result<(Value, Option<Value>), Failure> {
        let server = konsil(&self.tools.scratch)?;
        let ours = self.measure(&server, "konsil", scenario)?;
        drop(server);
        let Some(peer) = &self.peer else { return Ok((ours, None)) };
        let server = peer.start(&self.tools.scratch)?;
        let name = peer.name;
        let theirs = self.measure(&server, name, scenario)?;
        Ok((ours, Some(theirs)))
    }

    /// Runs the load generator; gives its results.
    fn measure(
        &mut self,
        server: &Server,
        who: &str,
        scenario: &Scenario<'_>,
    ) -> Result<Value, Failure> {
        let file = self.tools.scratch.join("loadtest.json");
        let log = fs::File::create(self.tools.scratch.join("loadtest.log"))?;
        let status = Command::new(&self.tools.loadtest)
            .args(["--homeserver", &format!("http://{}", server.address)])
            .args(["--pid", &server.pid().to_string(), "--json"])
            .arg(&file)
            .arg(scenario.name)
            .args(&scenario.options)
            .stdout(Stdio::null())
            .stderr(log)
            .status()?;
        if !status.success() {
            let log = fs::read_to_string(self.tools.scratch.join("loadtest.log"))?;
            return Err(format!("{} on {who}: {status}\n{log}", scenario.name).into());
        }
        let report: Value = serde_json::from_slice(&fs::read(&file)?)?;
        let results = report["results"].clone();
        for errors in ["errors", "undelivered"] {
            let count = results[errors].as_u64().unwrap_or_default();
            if count > 0 {
                self.report.note(&format!("{} on {who}: {count} {errors}", scenario.name));
            }
        }
        self.report.raw.push(json!({ "server": who, "report": report }));
        Ok(results)
    }
}

/// A number of a report.
fn number(report: &Value, at: &str) -> Result<f64, Failure> {
    let found = report.pointer(at).and_then(Value::as_f64);
    found.ok_or_else(|| format!("the load generator's report has no number at {at}").into())
}

/// Where the load generator lies unless told otherwise: beside the repository.
pub fn default_load_generator() -> PathBuf {
    root().join("../shared/loadtest")
}
