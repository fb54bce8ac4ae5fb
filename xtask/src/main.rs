//! `cargo xtask …`: what a developer and the CI run.

mod bench;
mod cargo;
mod debian;
mod demo;
mod interop;
mod last_words;
mod layers;
mod suite;
mod tally;
mod web;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask demo [--port 8008] [--data-dir demo-data]
    Builds server and app and starts the demo hospital.
cargo xtask test [--crash-seconds 30]
    Runs every test: unit, API, storage, crash, acceptance, browser.
cargo xtask interop
    Runs only the tests with clients that others have written.
cargo xtask web [--release]
    Builds the app into dist/.
cargo xtask layers
    Checks that every crate uses only lower layers.
cargo xtask sql
    Prepares every statement of the store on both databases, and refuses full scans of large tables without a reason.
cargo xtask bench [--peer synapse] [--only send,idle] [--seconds 10] [--load-generator ../shared/loadtest]
    Measures the release build beside a peer and the machine's floor (docs/performance.md).
cargo xtask bench growth [--events 1000000]
    Measures the same work on a small and on a large hospital.
cargo xtask bench undecryptable [--messages 10000] [--seed 7]
    Counts the messages that cannot be read on twenty devices which come and go.
cargo xtask bench writing --pictures DIR
    Tells how often pictures with writing are told from others (docs/writing-on-pictures.md).
";

/// An error that ends the run, in words for the person at the terminal.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let Some((command, rest)) = arguments.split_first() else {
        return Err(USAGE.into());
    };
    let mut options = Options(rest.to_vec());
    match command.as_str() {
        "demo" => {
            let port = options.value("--port")?.unwrap_or_else(|| "8008".into());
            let data_dir = options.value("--data-dir")?.unwrap_or_else(|| "demo-data".into());
            options.end()?;
            demo::run(port.parse().map_err(|_| format!("{port} is not a port"))?, data_dir.as_ref())
        }
        "test" => {
            let seconds = options.value("--crash-seconds")?.map(|text| text.parse::<u32>());
            options.end()?;
            suite::run(seconds.transpose().map_err(|_| "--crash-seconds wants a number")?)
        }
        "interop" => {
            options.end()?;
            suite::interop()
        }
        "web" => {
            let release = options.flag("--release");
            options.end()?;
            web::build(if release { web::Profile::Release } else { web::Profile::Development })
                .map(drop)
        }
        "layers" => {
            options.end()?;
            layers::run()
        }
        "sql" => {
            options.end()?;
            debian::ensure()?;
            let mut test = cargo::cargo("test", cargo::Target::Native);
            cargo::step("SQL", test.args(["--package", "store", "--test", "plans"]))
        }
        "bench" if options.0.first().is_some_and(|what| what == "growth") => {
            options.0.remove(0);
            let events = options.value("--events")?.unwrap_or_else(|| "1000000".into());
            options.end()?;
            bench::growth(&events)
        }
        "bench" if options.0.first().is_some_and(|what| what == "undecryptable") => {
            options.0.remove(0);
            let messages = options.value("--messages")?.unwrap_or_else(|| "10000".into());
            let seed = options.value("--seed")?;
            options.end()?;
            bench::undecryptable(&messages, seed.as_deref())
        }
        "bench" if options.0.first().is_some_and(|what| what == "writing") => {
            options.0.remove(0);
            let pictures = options.value("--pictures")?.ok_or("--pictures names a directory")?;
            options.end()?;
            bench::writing(&pictures)
        }
        "bench" => {
            let peer = options.value("--peer")?;
            let only = options.value("--only")?.unwrap_or_default();
            let load_generator = options.value("--load-generator")?.map(Into::into);
            let seconds = options.value("--seconds")?.unwrap_or_else(|| "10".into());
            options.end()?;
            bench::run(&bench::Wishes {
                peer,
                only: only.split_terminator(',').map(str::to_owned).collect(),
                load_generator: load_generator.unwrap_or_else(bench::default_load_generator),
                seconds: seconds.parse().map_err(|_| format!("{seconds} is not a number"))?,
            })
        }
        _ => Err(USAGE.into()),
    }
}

/// The arguments after the command, taken out one by one.
struct Options(Vec<String>);

impl Options {
    fn value(&mut self, name: &str) -> Result<Option<String>, Failure> {
        let Some(at) = self.0.iter().position(|argument| argument == name) else { return Ok(None) };
        self.0.remove(at);
        if at == self.0.len() {
            return Err(format!("{name} wants a value").into());
        }
        Ok(Some(self.0.remove(at)))
    }

    fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|argument| argument != name);
        self.0.len() < before
    }

    fn end(&self) -> Result<(), Failure> {
        match self.0.first() {
            Some(unknown) => Err(format!("unknown option {unknown}\n{USAGE}").into()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_out_once() {
        let mut options = Options(["--port", "80", "--release"].map(String::from).to_vec());
        assert_eq!(options.value("--port").unwrap().as_deref(), Some("80"));
        assert!(options.flag("--release"));
        assert!(options.end().is_ok());
    }

    #[test]
    fn an_unknown_option_is_named() {
        let options = Options(vec!["--prot".into()]);
        assert!(options.end().unwrap_err().to_string().contains("--prot"));
    }
}
