//! `konsil demo`: a hospital with a handful of people, on the embedded database.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Result;
use clap::Args;
use homeserver::Homeserver;

use crate::{
    config::Config,
    node, serve,
    user::{self, Person},
};

#[derive(Args)]
pub struct Options {
    /// Port on this machine
    #[arg(long, default_value_t = 8008)]
    port: u16,
    /// Where the demo's data is kept
    #[arg(long, default_value = "demo-data")]
    data_dir: PathBuf,
    /// The built web app
    #[arg(long, default_value = "dist")]
    web: PathBuf,
}

const PASSWORD: &str = "konsil-demo";

/// Name, display name, role, department, extension.
const PEOPLE: &[(&str, &str, &str, &str, &str)] = &[
    ("anna", "Dr. Anna Meyer", "Oberärztin", "Neurologie", "4711"),
    ("jonas", "Jonas Weber", "Pfleger", "Notaufnahme", "4120"),
    ("murat", "Dr. Murat Şahin", "Assistenzarzt", "Neurologie", "4712"),
    ("lena", "Lena Krüger", "Stationsleitung", "Station 3B", "4330"),
    ("petra", "Dr. Petra Holm", "Fachärztin", "Radiologie", "4500"),
    ("maier", "Dr. Anna Maier", "Assistenzärztin", "Kardiologie", "4610"),
    ("samuel", "Dr. Samuel Okafor", "Chefarzt", "Kardiologie", "4600"),
];

pub async fn demo(options: Options) -> Result<()> {
    let config = Config::parse(&format!(
        "data_dir = {data_dir:?}\nweb_app = {web:?}\nlisten.http = [\"127.0.0.1:{port}\", \"[::1]:{port}\"]\n\
         [[tenant]]\nserver_name = \"klinikum-musterstadt.example\"\ndisplay_name = \"Klinikum Musterstadt\"\n\
         public_base_url = \"http://localhost:{port}\"\n\
         emergency_numbers = [{{ name = \"Reanimation\", phone = \"2222\" }}, {{ name = \"Telefonzentrale\", phone = \"9\" }}]\n\
         # One person looks at several people's windows: each would lock itself behind the other (I.p: a deviation).\n\
         # They are looked at to be known apart, too.\n\
         lock.hidden_seconds = 60\nlock.show_names = true\n",
        data_dir = options.data_dir.to_string_lossy(),
        web = options.web.to_string_lossy(),
        port = options.port,
    ))?;
    let served = node::open(&config).await?;
    for (_, homeserver) in &served {
        enter_people(homeserver).await?;
    }
    serve::run(&config, served, |bound| print_logins(bound, &options)).await
}

/// The people of the demo; those who are there already stay as they are.
async fn enter_people(hs: &Arc<Homeserver>) -> Result<()> {
    for (name, display_name, role, department, phone) in PEOPLE {
        let user_id = homeserver::accounts::check_name(hs, name)?;
        if homeserver::accounts::is_taken(hs, &user_id).await? {
            continue;
        }
        let person = Person {
            name: (*name).to_owned(),
            password: PASSWORD.to_owned(),
            display_name: Some((*display_name).to_owned()),
            role: Some((*role).to_owned()),
            department: Some((*department).to_owned()),
            phone: Some((*phone).to_owned()),
            admin: false,
        };
        user::enter(hs, &person).await?;
    }
    Ok(())
}

fn print_logins(bound: &[SocketAddr], options: &Options) {
    let port = bound.first().map_or(options.port, SocketAddr::port);
    println!("\nKlinikum Musterstadt is open:  http://localhost:{port}\n");
    println!("  {:10} {:20} {:18} department", "user", "name", "role");
    for (name, display_name, role, department, _) in PEOPLE {
        println!("  {name:10} {display_name:20} {role:18} {department}");
    }
    println!(
        "\n  The password of all is {PASSWORD}. Data is kept in {}.",
        options.data_dir.display()
    );
    println!(
        "  At the first sign-in each browser asks for a PIN of your choice, and for that PIN from then on."
    );
    println!("  Ctrl-C stops the server; the next start finds everything again.\n");
}
