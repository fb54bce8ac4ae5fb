//! How many messages cannot be read? Five people with four devices each write in one group, on a real server, while devices go off and come back,
//! are closed in the middle of what they do, and are replaced by new ones that the recovery key confirms. At the end every device reads the whole
//! chat. Every message that a device cannot read counts, whatever the reason: nobody here was away or unconfirmed for a reason.
//!
//! ```sh
//! KONSIL_BIN=… KONSIL_MESSAGES=10000 KONSIL_SEED=7 cargo bench --package konsil-client --bench undecryptable
//! ```
#![recursion_limit = "256"]

// Of what the tests use, this needs a part.
#[allow(dead_code)]
#[path = "../tests/people/line.rs"]
mod line;
#[allow(dead_code)]
#[path = "../tests/people/page.rs"]
mod page;
#[allow(dead_code)]
#[path = "../tests/people/person.rs"]
mod person;

use std::{
    collections::{BTreeMap, BTreeSet},
    process::ExitCode,
    time::{Duration, Instant},
};

use konsil_client::{
    Chat, ChatId,
    chat::{Body, Row, RowKind, ScrollBack},
    session::LogoutMode,
    trust::{DeviceTrust, Recovery},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

use person::{Account, Device, Hospital, is_sent, message, say, says, until};

const PEOPLE: usize = 5;
const DEVICES: usize = 4;
/// Messages between two changes of who is there.
const CALM: usize = 20;
/// Fewest devices that are on.
const FEWEST: usize = 4;
/// Longest that is waited for keys at the end.
const LAST_KEYS: Duration = Duration::from_secs(120);

/// A device in somebody's hands.
struct Seat {
    owner: usize,
    device: Device,
    chat: Option<Chat>,
}

impl Seat {
    async fn on(&mut self, room: &ChatId) {
        self.device.reopen().await;
        self.chat = Some(self.device.open(room).await);
    }

    async fn off(&mut self) {
        self.chat = None;
        self.device.close().await;
    }
}

/// What was done meanwhile.
#[derive(Debug, Default)]
struct Events {
    off: usize,
    on: usize,
    replaced: usize,
}

async fn further(account: &Account, key: &str) -> Device {
    let device = account.device().await;
    let trust = device.session().trust();
    until("the device is not confirmed", &mut trust.view(), |it| {
        it.this_device == DeviceTrust::NotConfirmed && it.recovery == Recovery::NeedsKey
    })
    .await;
    trust.recover(key).await.expect("the key is good");
    until("the device is confirmed", &mut trust.view(), |it| {
        it.this_device == DeviceTrust::Confirmed && it.recovery == Recovery::Ready
    })
    .await;
    device
}

fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(number) => number.parse().unwrap_or_else(|_| panic!("{name} is not a number")),
        Err(_) => otherwise,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let messages = number("KONSIL_MESSAGES", 1_000) as usize;
    let seed = number("KONSIL_SEED", rand::random());
    println!("{messages} messages, KONSIL_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let began = Instant::now();

    let hospital = Hospital::open();
    let accounts: Vec<Account> =
        (0..PEOPLE).map(|n| hospital.account(&format!("person{n}"))).collect();
    let (mut seats, mut keys) = (Vec::new(), Vec::new());
    for (owner, account) in accounts.iter().enumerate() {
        let device = account.first_device().await;
        let mut fresh = device.session().trust().new_recovery_key();
        let key = until("the recovery key", &mut fresh, Option::is_some).await.expect("just seen");
        keys.push(key.expose().to_owned());
        seats.push(Seat { owner, device, chat: None });
    }
    let others: Vec<_> = accounts[1..].iter().map(Account::person).collect();
    let rooms = seats[0].device.session().rooms();
    let room = rooms.create_group("Station 3", &others).await.expect("it can be created");
    for seat in &seats[1..] {
        assert_eq!(seat.device.accept_invitation().await, room);
    }
    for (owner, account) in accounts.iter().enumerate() {
        for _ in 1..DEVICES {
            let device = further(account, &keys[owner]).await;
            seats.push(Seat { owner, device, chat: None });
        }
    }
    for seat in &mut seats {
        seat.chat = Some(seat.device.open(&room).await);
    }
    println!("{} devices are there after {:.0} s", seats.len(), began.elapsed().as_secs_f64());

    let (mut events, begun) = (Events::default(), Instant::now());
    for n in 0..messages {
        if n % CALM == CALM - 1 {
            something_happens(&mut seats, &accounts, &keys, &room, &mut chance, &mut events).await;
        }
        let there: Vec<&Seat> = seats.iter().filter(|seat| seat.chat.is_some()).collect();
        let sender = there[chance.random_range(0..there.len())];
        let chat = sender.chat.as_ref().expect("it is on");
        say(chat, &text(n)).await;
        // Its device may be gone with the next step: what was not sent goes out when it comes back, unless it is replaced.
        if n % CALM >= CALM - 2 || chance.random_ratio(1, 3) {
            message("it is out", chat, |it| says(it, &text(n)) && is_sent(it)).await;
        }
        if (n + 1) % 500 == 0 {
            println!("{} messages after {:.0} s", n + 1, begun.elapsed().as_secs_f64());
        }
    }
    println!("{events:?}");
    let mut unread = 0;
    for seat in &mut seats {
        if seat.chat.is_none() {
            seat.on(&room).await;
        }
    }
    for (at, seat) in seats.iter_mut().enumerate() {
        let chat = seat.chat.take().expect("it is on");
        let found = read(&chat, messages).await;
        // What stands there closed is among the missing ones: which it is cannot be read.
        unread += found.1.len();
        println!("device {at} of person {}: {:?}, missing {:?}", seat.owner, found.0, found.1);
        drop(chat);
        seat.device.close().await;
    }
    println!(
        "{unread} of {} cannot be read, in {:.0} s",
        messages * seats.len(),
        began.elapsed().as_secs_f64()
    );
    if unread > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn text(n: usize) -> String {
    format!("Nachricht Nr. {n}")
}

/// A device goes off, comes back, or is replaced by a new one.
async fn something_happens(
    seats: &mut [Seat],
    accounts: &[Account],
    keys: &[String],
    room: &ChatId,
    chance: &mut StdRng,
    events: &mut Events,
) {
    let (on, off): (Vec<usize>, Vec<usize>) =
        (0..seats.len()).partition(|at| seats[*at].chat.is_some());
    match chance.random_range(0..10) {
        0..5 if on.len() > FEWEST => {
            seats[on[chance.random_range(0..on.len())]].off().await;
            events.off += 1;
        }
        9 if on.len() > FEWEST => {
            let at = on[chance.random_range(0..on.len())];
            let owner = seats[at].owner;
            // What waits goes out first, as the app has it for whoever signs out.
            let chat = seats[at].chat.take().expect("it is on");
            let mut rows = chat.rows();
            until("nothing waits", &mut rows, |rows| !rows.iter().any(|row| waits(row))).await;
            drop((rows, chat));
            let session = seats[at].device.session().clone();
            while session.logout(LogoutMode::KeepKeys).await.is_err() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            drop(session);
            seats[at].device.close().await;
            let device = further(&accounts[owner], &keys[owner]).await;
            let chat = Some(device.open(room).await);
            seats[at] = Seat { owner, device, chat };
            events.replaced += 1;
        }
        _ if !off.is_empty() => {
            seats[off[chance.random_range(0..off.len())]].on(room).await;
            events.on += 1;
        }
        _ => {}
    }
}

/// Whether an own message is not out yet.
fn waits(row: &Row) -> bool {
    matches!(&row.kind, RowKind::Message(message) if message.own.is_some() && !is_sent(message))
}

/// Reads the chat from its beginning: what cannot be read, by reason, and what is not there at all.
async fn read(chat: &Chat, messages: usize) -> (BTreeMap<String, usize>, Vec<usize>) {
    let mut state = chat.scroll_back();
    while until("it is loaded", &mut state, |it| *it != ScrollBack::Loading).await
        != ScrollBack::Beginning
    {
        chat.load_older().await;
    }
    let deadline = Instant::now() + LAST_KEYS;
    loop {
        let rows = chat.rows().peek();
        let (mut unread, mut missing) = (BTreeMap::new(), (0..messages).collect::<BTreeSet<_>>());
        for row in rows.iter() {
            let RowKind::Message(message) = &row.kind else { continue };
            match &message.body {
                Body::Undecryptable(reason) => {
                    *unread.entry(format!("{reason:?}")).or_default() += 1
                }
                Body::Text { text, .. } => {
                    let n = text.rsplit(' ').next().and_then(|n| n.parse().ok());
                    n.map(|n: usize| missing.remove(&n));
                }
                _ => {}
            }
        }
        if (unread.is_empty() && missing.is_empty()) || Instant::now() > deadline {
            let missing = missing.into_iter().collect();
            return (unread, missing);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
