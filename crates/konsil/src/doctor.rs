//! `konsil doctor`: the invariants of the stored data, checked and explained.

use anyhow::{Result, bail};
use homeserver::invariants;

use crate::{config::Config, node, serve};

/// Prints what is broken, or that nothing is. Ends with an error if anything is.
pub async fn doctor(config: Config) -> Result<()> {
    let served = node::open(&config).await?;
    let mut broken = 0;
    for (_, homeserver) in &served {
        println!("{}", homeserver.server_name);
        for finding in invariants::check(homeserver).await? {
            match &finding.broken {
                None => println!("  ok      {}", finding.invariant),
                Some(how) => {
                    broken += 1;
                    println!("  BROKEN  {}: {how}", finding.invariant);
                }
            }
        }
    }
    serve::close(served).await;
    if broken > 0 {
        bail!("{broken} invariants are broken");
    }
    println!("all is well");
    Ok(())
}
