//! `cargo xtask …`: what a developer and the CI run.

mod cargo;
mod debian;
mod demo;
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
cargo xtask web [--release]
    Builds the app into dist/.
cargo xtask layers
    Checks that every crate uses only lower layers.
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
