//! `konsil verify`: whether a signed export of a chat is what its signer has exported.
//!
//! It needs no server, no configuration and no network.

mod chain;
mod signer;

use std::{fmt, path::PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use ruma::serde::Base64;
use serde_json::Value;
use sha2::{Digest, Sha256};
use vocabulary::export::{Export, FORMAT, canonical};

#[derive(Args)]
pub struct Options {
    /// The exported chat
    #[arg(value_name = "FILE")]
    export: PathBuf,
    /// Whose signature it has to be, as a user ID
    #[arg(long, value_name = "USER_ID")]
    signer: Option<String>,
    /// Which master key it has to be, in unpadded base64, learnt from the signer in another way
    #[arg(long, value_name = "KEY")]
    master_key: Option<String>,
}

/// Something that is not as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    HeaderAltered,
    /// This entry, or the link to it in the next one.
    Altered(u64),
    /// From this number to that one.
    Missing(u64, u64),
    /// An entry with this number stands where it does not belong.
    Misplaced(u64),
    NoEntry(usize),
    CutOff {
        have: u64,
        of: u64,
    },
    Added {
        have: u64,
        of: u64,
    },
    NotSigned(&'static str),
    OtherSigner {
        expected: String,
        found: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderAltered => write!(f, "the header was altered"),
            Self::Altered(number) => write!(f, "entry {number} was altered"),
            Self::Missing(from, to) if from == to => write!(f, "entry {from} was dropped"),
            Self::Missing(from, to) => write!(f, "entries {from} to {to} were dropped"),
            Self::Misplaced(number) => write!(f, "entry {number} is not in its place"),
            Self::NoEntry(at) => write!(f, "what stands at place {at} is no entry"),
            Self::CutOff { have, of } => {
                write!(f, "the end was cut off: the last entry is {have}, {of} were signed")
            }
            Self::Added { have, of } => {
                write!(f, "entries were added: the last entry is {have}, {of} were signed")
            }
            Self::NotSigned(why) => write!(f, "the signature does not hold: {why}"),
            Self::OtherSigner { expected, found } => {
                write!(f, "another signer: {found} instead of {expected}")
            }
        }
    }
}

/// Reads an export and says what it finds; an error if anything is not as it was signed.
pub fn verify(options: &Options) -> Result<()> {
    let file = options.export.display();
    let text = std::fs::read(&options.export).with_context(|| format!("{file} cannot be read"))?;
    let export: Export = serde_json::from_slice(&text)
        .with_context(|| format!("{file} is no signed export of a chat"))?;
    if export.format != FORMAT {
        bail!("{file} has the format {:?}; this version knows {FORMAT:?}", export.format);
    }
    let mut faults = chain::faults(&export);
    match signer::of(&export) {
        Ok(signer) => {
            println!("Signed by    {}", signer.user_id);
            println!("Device       {} ({})", signer.device_id, signer.device_key);
            println!("Master key   {}", signer.master_key);
            let expected =
                [(&options.signer, &signer.user_id), (&options.master_key, &signer.master_key)];
            for (expected, found) in expected {
                if let Some(expected) = expected.as_ref().filter(|it| *it != found) {
                    let (expected, found) = (expected.clone(), found.clone());
                    faults.push(Fault::OtherSigner { expected, found });
                }
            }
        }
        Err(fault) => faults.push(fault),
    }
    println!("Entries      {}", export.entries.len());
    for fault in &faults {
        println!("BROKEN       {fault}");
    }
    if !faults.is_empty() {
        bail!("{file} is not what was signed");
    }
    if options.master_key.is_none() {
        println!("The master key was not compared: ask its owner and pass it with --master-key.");
    }
    println!("Nothing was altered, dropped, reordered or cut off.");
    Ok(())
}

/// SHA-256 of a value's canonical JSON, in hexadecimal.
fn hash(value: &Value) -> Option<String> {
    let hash = Sha256::digest(canonical(value)?);
    Some(hash.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A key as signatures name it.
fn key_of(keys: &Value, key_id: &str) -> Option<Base64> {
    Base64::parse(keys.get("keys")?.get(key_id)?.as_str()?).ok()
}
