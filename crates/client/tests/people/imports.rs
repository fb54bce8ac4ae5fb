//! Chats from elsewhere.

use std::{ops::Range, time::Duration};

use konsil_client::{
    chat::{Body, Message, OwnState},
    import::{Import, Imported, Item, Reading, ToImport},
    large::Source,
};

use crate::person::{Pair, find, message, plain, says, texts, until};

const ALL: usize = 40;

/// Longer than it takes to put a message into a queue.
const A_WHILE: Duration = Duration::from_secs(10);

struct File(Vec<u8>);

impl Source for File {
    fn size_bytes(&self) -> u64 {
        self.0.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
        Some(self.0[range.start as usize..range.end as usize].to_vec())
    }
}

/// A chat as WhatsApp writes it on iOS.
async fn export() -> Reading<File> {
    let line = |n: usize| format!("[12.03.24, 14:05:{n:02}] Clara Vogt: Nachricht {n}\r\n");
    let text: String = (1..=ALL).map(line).collect();
    Reading::of(File(text.into_bytes()), "_chat.txt").await.expect("it is an export")
}

fn imported(item: &Item) -> Imported {
    let author = item.author.clone().expect("somebody has written it");
    Imported {
        prefix: format!("{author}, damals: "),
        author: Some(author),
        at_ms: item.at_ms(|local| u64::from(local.second)),
        source: konsil_client::import::Source::Whatsapp,
        by_importer: false,
        edited: false,
        gone: None,
    }
}

async fn put(import: &mut Import, reading: &Reading<File>) {
    let item = &reading.items[import.state().done];
    let put = import.put(&imported(item), ToImport::Text(item.text.clone())).await;
    put.expect("it is queued");
}

fn is_from_elsewhere(message: &Message, text: &str) -> bool {
    let author = message.imported.as_ref().and_then(|imported| imported.author.as_deref());
    let says = matches!(&message.body, Body::Text { text: said, .. } if said == text);
    says && author == Some("Clara Vogt")
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_from_elsewhere_wait_a_few_at_a_time_and_come_in_their_order() {
    let (pair, line) = Pair::over_a_line().await;
    let (anna, jonas) = (pair.annas.open(&pair.chat).await, pair.jonass.open(&pair.chat).await);
    line.cut();
    until("Anna is told", &mut pair.annas.session().connection(), |it| it.is_down()).await;

    let reading = export().await;
    let session = pair.annas.session();
    assert_eq!(Import::begun(session, &reading).await, None);
    let mut import =
        Import::begin(session, &reading, &pair.chat, None).await.expect("the chat is there");
    while let Ok(turn) = tokio::time::timeout(A_WHILE, import.turn(false)).await {
        turn.expect("nothing has failed");
        put(&mut import, &reading).await;
        assert!(import.state().done < ALL, "all of them wait at once");
    }
    // Those that wait say already where they come from.
    message("one waits", &anna, |it| {
        is_from_elsewhere(it, "Nachricht 1") && matches!(it.own, Some(OwnState::Queued { .. }))
    })
    .await;
    anna.send_text(&plain("Selbst geschrieben")).await.expect("it is queued");
    let done = import.state().done;
    drop(import);

    line.mend();
    session.retry_now();
    let begun = Import::begun(session, &reading).await.expect("it was begun");
    assert_eq!((begun.done, begun.all), (done, ALL));
    let mut import = Import::go_on(session, &reading, begun).await.expect("the chat is there");
    while import.state().done < ALL {
        import.turn(false).await.expect("nothing has failed");
        put(&mut import, &reading).await;
    }
    let last = format!("Nachricht {ALL}");
    let rows = until("all of it arrives", &mut jonas.rows(), |rows| {
        find(rows, |it| is_from_elsewhere(it, &last)).is_some() && texts(rows).len() > ALL
    })
    .await;
    let (from_elsewhere, own): (Vec<_>, Vec<_>) =
        texts(&rows).into_iter().partition(|text| text.starts_with("Nachricht"));
    assert_eq!(own, ["Selbst geschrieben"]);
    let expected: Vec<String> = (1..=ALL).map(|n| format!("Nachricht {n}")).collect();
    assert_eq!(from_elsewhere, expected, "in order and once");
    // What the person writes meanwhile does not wait behind all of them.
    let place = texts(&rows).iter().position(|text| text == "Selbst geschrieben");
    assert_eq!(place, Some(done));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_the_author_of_what_they_pass_on_and_a_time_that_is_none_is_not_believed() {
    let pair = Pair::meet().await;
    let (anna, jonas) = (pair.annas.open(&pair.chat).await, pair.jonass.open(&pair.chat).await);
    let reading = export().await;
    let mut import = Import::begin(pair.annas.session(), &reading, &pair.chat, None)
        .await
        .expect("the chat is there");
    let own = Imported { by_importer: true, ..imported(&reading.items[0]) };
    import.put(&own, ToImport::Text("Von mir".into())).await.expect("it is queued");
    let never = Imported { at_ms: u64::MAX, ..imported(&reading.items[1]) };
    import.put(&never, ToImport::Text("Irgendwann".into())).await.expect("it is queued");
    let one = message("Jonas has it", &jonas, |it| is_from_elsewhere(it, "Von mir")).await;
    assert!(one.imported.expect("it is").by_importer);
    // It stands there as what it is: a message of Anna's.
    message("Jonas has the other", &jonas, |it| {
        it.imported.is_none() && says(it, "Clara Vogt, damals: Irgendwann")
    })
    .await;
    jonas.forward(&one.id, std::slice::from_ref(&pair.chat)).await.expect("it is passed on");
    let passed_on =
        message("Anna has it back", &anna, |it| it.forwarded && is_from_elsewhere(it, "Von mir"))
            .await;
    assert!(!passed_on.sender.is_me && !passed_on.imported.expect("it is").by_importer);
}
