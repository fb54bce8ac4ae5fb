//! `konsil user invite`: a link, and its QR code, by which somebody makes the account that they are promised (IV.b).

use std::{fmt, path::PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use homeserver::{Homeserver, invitations};
use qrcode::{
    EcLevel, QrCode,
    render::{svg, unicode},
};
use serde::{Deserialize, Serialize};

use crate::{
    config::Config,
    order::{self, Order},
    user::Described,
};

#[derive(Args)]
pub struct Invite {
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// To this hospital; may be left out if there is only one
    #[arg(long)]
    server_name: Option<String>,
    /// The part of the user id before the colon
    name: String,
    #[command(flatten)]
    described: Described,
    /// For how many days the link is good
    #[arg(long, default_value_t = invitations::USUAL_DAYS)]
    days: u16,
    /// Write the QR code to this file too, as SVG, to print it or to send it by the hospital's mail
    #[arg(long, value_name = "FILE.svg")]
    qr_file: Option<PathBuf>,
}

/// What the operator promises to whom.
#[derive(Clone, Serialize, Deserialize)]
pub struct Promise {
    token: String,
    name: String,
    person: invitations::Person,
    days: u16,
}

// Whoever has the token has the account.
impl fmt::Debug for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise").field("name", &self.name).finish_non_exhaustive()
    }
}

pub async fn run(invite: Invite) -> Result<()> {
    let config = Config::read(&invite.config)?;
    let hospital = order::hospital(&config, invite.server_name.as_deref())?;
    let base = hospital.public_base_url.trim_end_matches('/');
    ensure!(!base.is_empty(), "public_base_url is needed: the link begins with it");
    let token = invitations::new_token();
    let link = link(base, &token);
    let Described { display_name, role, department, phone, admin } = invite.described;
    let person = invitations::Person { display_name, role, department, phone, admin };
    let promise = Promise { token, name: invite.name, person, days: invite.days };
    order::give(&config, invite.server_name, Order::Invite(promise)).await?;
    let code = QrCode::with_error_correction_level(&link, EcLevel::M)?;
    println!("link: {link}");
    println!("good once, for {} days\n", invite.days);
    println!("{}", in_terminal(&code));
    if let Some(file) = invite.qr_file {
        std::fs::write(&file, as_svg(&code))
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

/// Promises the account, and gives the user id.
pub async fn promise(hs: &Homeserver, promise: &Promise) -> Result<String> {
    let Promise { token, name, person, days } = promise;
    Ok(invitations::invite(hs, token, name, person, *days).await?.to_string())
}

/// The token stands in the fragment, which no browser sends and no log has.
fn link(base: &str, token: &str) -> String {
    format!("{base}/#/invitation/{token}")
}

/// Two modules in a character. Light on dark as most terminals are, with the quiet zone that cameras need.
fn in_terminal(code: &QrCode) -> String {
    let (dark, light) = (unicode::Dense1x2::Light, unicode::Dense1x2::Dark);
    code.render::<unicode::Dense1x2>().dark_color(dark).light_color(light).build()
}

fn as_svg(code: &QrCode) -> String {
    code.render::<svg::Color>().min_dimensions(320, 320).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_does_not_print() {
        let promise = Promise {
            token: "geheim".into(),
            name: "lena".into(),
            person: invitations::Person::default(),
            days: 7,
        };
        assert_eq!(format!("{promise:?}"), "Promise { name: \"lena\", .. }");
    }

    #[test]
    fn a_link_fits_a_code_that_a_phone_reads_from_a_screen() {
        let token = invitations::new_token();
        assert_eq!(token.len(), 22);
        let link = link("https://konsil.klinikum-musterstadt.example", &token);
        let code = QrCode::with_error_correction_level(&link, EcLevel::M).expect("it fits");
        assert!(code.width() <= 45, "{} modules", code.width());
        let drawn = in_terminal(&code);
        assert!(drawn.lines().all(|line| line.chars().count() == code.width() + 8), "{drawn}");
        assert!(as_svg(&code).contains("<svg"));
    }
}
