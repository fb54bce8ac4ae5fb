//! `konsil doctor`: the invariants of the stored data, checked and explained.

use std::fmt::Write;

use anyhow::{Result, bail};
use homeserver::invariants;

use crate::{
    admin::{self, Question},
    config::Config,
    node::{self, Served},
    serve,
};

/// Prints what is broken, or that nothing is. Ends with an error if anything is.
pub async fn doctor(config: Config) -> Result<()> {
    if let Some(text) = admin::ask(&config.data_dir, &Question::Doctor).await? {
        print!("{text}");
        return Ok(());
    }
    let served = node::open(&config).await?;
    let mut text = String::new();
    let examined = examine(&served, &mut text).await;
    serve::close(served).await;
    print!("{text}");
    examined
}

/// Writes the findings; an error says how many invariants are broken.
pub async fn examine(served: &[Served], text: &mut String) -> Result<()> {
    let mut broken = 0;
    for (_, homeserver) in served {
        writeln!(text, "{}", homeserver.server_name)?;
        for finding in invariants::check(homeserver).await? {
            match &finding.broken {
                None => writeln!(text, "  ok      {}", finding.invariant)?,
                Some(how) => {
                    broken += 1;
                    writeln!(text, "  BROKEN  {}: {how}", finding.invariant)?;
                }
            }
        }
    }
    if broken > 0 {
        bail!("{broken} invariants are broken");
    }
    writeln!(text, "all is well")?;
    Ok(())
}
