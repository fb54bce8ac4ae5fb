//! What was acknowledged survives: the real binary under load is killed at random moments and started again.
//!
//! `kill -9` loses what the process had in memory, not what the kernel had yet to write; power loss has a test of its
//! own in `tests/storage`. Length: `KONSIL_CRASH_SECONDS` (30); repeat a run: `KONSIL_CRASH_SEED`.

mod load;
mod random;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use testkit::{Server, User};

use crate::load::{Acknowledged, Upload};
use crate::random::Random;

const WRITERS_PER_ROOM: usize = 2;

#[test]
fn every_acknowledged_message_and_file_survives_kill_9_exactly_once() {
    let seconds = number("KONSIL_CRASH_SECONDS").unwrap_or(30);
    let seed = number("KONSIL_CRASH_SEED").unwrap_or_else(seed_from_clock);
    println!("KONSIL_CRASH_SEED={seed} KONSIL_CRASH_SECONDS={seconds}");
    let mut random = Random::new(seed);

    let mut server = Server::start();
    let wards: Vec<Ward> = (0..3).map(|_| Ward::open(&server)).collect();
    let enough = AtomicBool::new(false);

    let (messages, uploads, kills) = std::thread::scope(|scope| {
        let enough = &enough;
        let mut writers = Vec::new();
        let mut uploaders = Vec::new();
        for ward in &wards {
            for person in &ward.people {
                let random = random.split();
                writers.push(scope.spawn(move || load::write(person, &ward.room, random, enough)));
            }
            let random = random.split();
            uploaders.push(scope.spawn(move || load::upload(&ward.people[0], random, enough)));
        }
        let kills = kill_again_and_again(&mut server, &mut random, Duration::from_secs(seconds));
        // The writers end on a living server: each has its last message acknowledged.
        enough.store(true, Ordering::Relaxed);
        let messages: Vec<Acknowledged> =
            writers.into_iter().flat_map(|writer| writer.join().expect("a writer ends")).collect();
        let uploads: Vec<Upload> = uploaders
            .into_iter()
            .flat_map(|uploader| uploader.join().expect("an uploader ends"))
            .collect();
        (messages, uploads, kills)
    });
    // Once more with nothing under way, so that the last acknowledgements are put to the test too.
    server.kill();
    server.doctor();
    server.resume();

    println!(
        "{} messages and {} files acknowledged over {kills} kills",
        messages.len(),
        uploads.len()
    );
    assert!(kills >= 2, "the server was killed {kills} times only");
    assert!(messages.len() >= 50 && uploads.len() >= 3, "the load was no load");
    wards.iter().for_each(|ward| ward.holds_exactly_once(&messages));
    uploads.iter().for_each(|upload| upload.is_there(&wards[0].people[0]));
    server.stop();
    server.doctor();
}

/// A room whose members write at the same time.
struct Ward {
    room: String,
    people: Vec<User>,
}

impl Ward {
    fn open(server: &Server) -> Self {
        let people: Vec<User> = (0..WRITERS_PER_ROOM).map(|_| server.user("writer")).collect();
        let others: Vec<&User> = people[1..].iter().collect();
        Self { room: people[0].room_with(&others), people }
    }

    fn holds_exactly_once(&self, messages: &[Acknowledged]) {
        let mut stored: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for event in self.people[0].history(&self.room) {
            if let Some(ciphertext) = event["content"]["ciphertext"].as_str() {
                let id = event["event_id"].as_str().expect("an event has an ID").to_owned();
                stored.entry(ciphertext.to_owned()).or_default().push(id);
            }
        }
        for message in messages.iter().filter(|message| message.room == self.room) {
            assert_eq!(
                stored.get(&message.ciphertext).map(Vec::as_slice),
                Some([message.event_id.clone()].as_slice()),
                "acknowledged: {message:?}"
            );
        }
        // What was never acknowledged may be there or not, but not twice.
        for (ciphertext, ids) in stored {
            assert_eq!(ids.len(), 1, "{ciphertext} is there as {ids:?}");
        }
    }
}

/// Returns how often the server was killed; it runs when this returns.
fn kill_again_and_again(server: &mut Server, random: &mut Random, length: Duration) -> u32 {
    let end = Instant::now() + length;
    let mut kills = 0;
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(random.between(50, 2500)));
        server.kill();
        kills += 1;
        server.resume();
    }
    kills
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

fn seed_from_clock() -> u64 {
    let since =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is past 1970");
    since.as_micros().try_into().expect("the clock is before the year 500000")
}
