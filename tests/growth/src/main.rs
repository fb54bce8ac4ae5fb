//! What a hospital's size costs: the same work on a small and on a large database, on the real server.
//!
//! `cargo xtask bench growth [--events 1000000]`. Large rooms and old messages are written through `homeserver` in this process
//! while the server is stopped, since ten thousand registrations would measure the hashing of passwords; all that is
//! measured goes through HTTP. Processor time is the server's own, from `/proc`.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use base::{DeviceNid, SystemClock};
use futures_util::{StreamExt, stream};
use homeserver::rooms::create::{Preset, Wishes, create};
use homeserver::rooms::membership::{self, Step};
use homeserver::rooms::send::send_message;
use homeserver::{Homeserver, Policy, Session, accounts, setup};
use room::Content;
use ruma::{OwnedRoomId, RoomId};
use serde_json::{Value, json};
use testkit::matrix::{User, room_path};
use testkit::server::{SERVER_NAME, Server, Settings};

/// Batches of the seed that are under way at once.
const AT_ONCE: usize = 64;
const SLIDING: &str = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync";

fn main() {
    let events = std::env::var("KONSIL_GROWTH_EVENTS").ok().map(|text| text.parse());
    let events: u64 = events.unwrap_or(Ok(1_000_000)).expect("KONSIL_GROWTH_EVENTS is a number");
    state_events();
    rooms();
    messages(events);
}

fn server() -> Server {
    let tenant = "rooms.require_encryption = false".to_owned();
    Server::with(&Settings { tenant, ..Settings::default() })
}

/// Works on the data of a stopped server.
fn seed<T>(server: &mut Server, work: impl AsyncFnOnce(&Homeserver) -> T) -> T {
    server.stop();
    let folder = server.data_dir().join(SERVER_NAME);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = runtime.block_on(async {
        let hs = setup::open(setup::Options {
            server_name: SERVER_NAME.try_into().expect("a server name"),
            policy: Policy { require_encryption: false, rate_limits: false, ..Policy::default() },
            database: db::Config::Sqlite { path: folder.join("konsil.db") },
            media: folder.join("media"),
            clock: Arc::new(SystemClock),
            outbound: net::Outbound::new(&net::Options::default()).expect("nothing to read"),
            appservices: Vec::new(),
        });
        let hs = hs.await.expect("the data open");
        let done = work(&hs).await;
        hs.db.clone().close().await;
        done
    });
    server.resume();
    done
}

async fn session(hs: &Homeserver, user: &User) -> Session {
    let token = user.token().expect("somebody who is logged in");
    accounts::authenticate(hs, token).await.expect("a session")
}

async fn new_rooms(hs: &Homeserver, session: &Session, count: usize) -> Vec<OwnedRoomId> {
    let make = |_| async move {
        let wishes = Wishes { preset: Preset::PublicChat, ..Wishes::default() };
        create(hs, session, wishes).await.expect("a room")
    };
    stream::iter(0..count).map(make).buffer_unordered(AT_ONCE).collect().await
}

/// A message of the usual size.
fn ciphertext() -> Value {
    json!({
        "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x".repeat(1_280), "device_id": "DEVICE",
        "sender_key": "k".repeat(43), "session_id": "s".repeat(43),
    })
}

/// What the server's process has used of a processor, in milliseconds.
fn cpu_ms(server: &Server) -> f64 {
    let pid = server.pid().expect("the server runs");
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let fields: Vec<&str> =
        stat.rsplit_once(')').expect("a name in parentheses").1.split_whitespace().collect();
    let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().expect("ticks")).sum();
    // One hundred ticks per second on Linux.
    ticks * 10.0
}

/// Processor time of the server per call, and the median of the calls' latencies.
fn measure(server: &Server, calls: usize, mut call: impl FnMut(usize)) -> (f64, f64) {
    let before = cpu_ms(server);
    let mut taken: Vec<Duration> = (0..calls)
        .map(|number| {
            let begun = Instant::now();
            call(number);
            begun.elapsed()
        })
        .collect();
    taken.sort();
    let median = taken[taken.len() / 2].as_secs_f64() * 1_000.0;
    ((cpu_ms(server) - before) / calls as f64, median)
}

/// A state event in a room of a hundred and in one of ten thousand.
fn state_events() {
    const SIZES: [usize; 2] = [100, 10_000];
    let mut server = server();
    let anna = server.user("anna");
    let rooms = seed(&mut server, async |hs| {
        let owner = session(hs, &anna).await;
        let rooms = new_rooms(hs, &owner, SIZES.len()).await;
        for (room, size) in rooms.iter().zip(SIZES) {
            let join = |number: usize| join(hs, room, format!("member{size}-{number}"));
            stream::iter(1..size).map(join).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        }
        rooms
    });
    println!("state event in a room:");
    for (room, size) in rooms.iter().zip(SIZES) {
        // The first one reads the room.
        let topic = |number: usize| {
            anna.set_state(room.as_str(), "m.room.topic", "", &json!({ "topic": number }));
        };
        let begun = Instant::now();
        topic(1_000_000);
        let first = begun.elapsed().as_secs_f64() * 1_000.0;
        let (cpu, median) = measure(&server, 500, topic);
        println!("  {size:>6} members: {cpu:.3} ms CPU, p50 {median:.2} ms (first {first:.0} ms)");
    }
}

async fn join(hs: &Homeserver, room: &RoomId, localpart: String) {
    let (user, user_id) = accounts::create(hs, &localpart, None).await.expect("an account");
    let session = Session {
        user,
        user_id: user_id.clone(),
        device: DeviceNid(0),
        device_id: "SEED".into(),
        appservice: None,
        suspended: false,
    };
    membership::step(hs, &session, room, &user_id, Step::Join, None).await.expect("a member");
}

/// A window into 200 and into 2,000 rooms, and being woken by one of them.
fn rooms() {
    const COUNTS: [usize; 2] = [200, 2_000];
    let mut server = server();
    let people = COUNTS.map(|count| server.user(&format!("rooms{count}")));
    let rooms = seed(&mut server, async |hs| {
        let mut rooms = Vec::new();
        for (user, count) in people.iter().zip(COUNTS) {
            rooms.push(new_rooms(hs, &session(hs, user).await, count).await);
        }
        rooms
    });
    let wish = json!({
        "lists": { "all": { "ranges": [[0, 19]], "timeline_limit": 1, "required_state": [
            ["m.room.create", ""], ["m.room.name", ""], ["m.room.encryption", ""],
            ["m.room.member", "$LAZY"], ["m.room.member", "$ME"],
        ] } },
        "extensions": { "to_device": { "enabled": true }, "e2ee": { "enabled": true } },
    });
    println!("a new window of 20, sliding sync:");
    for (user, count) in people.iter().zip(COUNTS) {
        let window = |_| drop(user.post(&format!("{SLIDING}?timeout=0"), &wish).ok());
        let begun = Instant::now();
        window(0);
        let first = begun.elapsed().as_secs_f64() * 1_000.0;
        let (cpu, median) = measure(&server, 200, window);
        println!("  {count:>6} rooms: {cpu:.2} ms CPU, p50 {median:.2} ms (first {first:.0} ms)");
    }
    println!("a message, and waking one who waits in /v3/sync:");
    for ((user, count), rooms) in people.iter().zip(COUNTS).zip(&rooms) {
        let mut since = user.sync(None)["next_batch"].clone();
        let room = rooms[0].as_str();
        let (cpu, median) = measure(&server, 300, |_| {
            thread::scope(|scope| {
                let sending = scope.spawn(|| user.send_encrypted(room, "marker"));
                let answer = user.sync_within(since.as_str(), Duration::from_secs(10));
                assert_eq!(answer["rooms"]["join"].as_object().map(|rooms| rooms.len()), Some(1));
                since = answer["next_batch"].clone();
                sending.join().expect("sent");
            });
        });
        println!("  {count:>6} rooms: {cpu:.2} ms CPU, p50 {median:.2} ms");
    }
}

/// The cost of a message, and the time to start, as the database grows.
fn messages(events: u64) {
    const ROOMS: usize = 20;
    const SENT: usize = 4_000;
    let mut server = server();
    let anna = server.user("anna");
    let rooms = seed(&mut server, async |hs| {
        let owner = session(hs, &anna).await;
        new_rooms(hs, &owner, ROOMS).await
    });
    println!("a message among so many, and the start until the server answers:");
    let mut there = 0;
    for target in [10_000, 100_000, 1_000_000, 10_000_000] {
        if target > events {
            break;
        }
        seed(&mut server, async |hs| {
            let owner = &session(hs, &anna).await;
            let content = Content::from_value(&ciphertext()).expect("content");
            let send = |number: u64| {
                let room = &rooms[usize::try_from(number).expect("a small number") % ROOMS];
                let content = content.clone();
                async move {
                    let txn = format!("seed{number}");
                    let kind = "m.room.encrypted";
                    send_message(hs, owner, room, kind, content, &txn, None).await.expect("sent");
                }
            };
            let sending = stream::iter(there..target).map(send).buffer_unordered(AT_ONCE);
            sending.for_each(async |()| {}).await;
        });
        there = target;
        server.stop();
        let begun = Instant::now();
        server.resume();
        let start = begun.elapsed().as_secs_f64() * 1_000.0;
        let send = |room: &OwnedRoomId, number: usize| {
            let path =
                room_path(room.as_str(), &format!("/send/m.room.encrypted/{target}-{number}"));
            anna.put(&path, &ciphertext()).ok();
        };
        rooms.iter().for_each(|room| send(room, SENT));
        let before = cpu_ms(&server);
        thread::scope(|scope| {
            for worker in 0..4 {
                let (rooms, send) = (&rooms, &send);
                scope.spawn(move || {
                    for number in (worker..SENT).step_by(4) {
                        send(&rooms[number % ROOMS], number);
                    }
                });
            }
        });
        let cpu = (cpu_ms(&server) - before) / SENT as f64;
        println!("  {target:>9} events: {cpu:.3} ms CPU per message, started in {start:.0} ms");
    }
}
