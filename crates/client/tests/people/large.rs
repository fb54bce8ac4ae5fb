//! Large files, piece by piece.

use std::{ops::Range, path::Path, sync::Arc, time::Duration};

use konsil_client::{
    Chat,
    chat::{ActionError, Body, MediaRef, Row},
    large::{LargeToSend, Sink, Source, Step},
};

use crate::{
    line::Line,
    person::{Pair, find, is_sent, message, until},
};

const MIB: usize = 1024 * 1024;

/// A file in memory, which may end before it should.
struct Content {
    bytes: Vec<u8>,
    readable: usize,
}

impl Content {
    /// Bytes that differ everywhere, and begin with something to look for.
    fn of(size: usize) -> Self {
        let mut bytes: Vec<u8> =
            (0..size).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for piece in bytes.chunks_mut(MIB) {
            let end = piece.len().min(CLEAR.len());
            piece[..end].copy_from_slice(&CLEAR[..end]);
        }
        Self { bytes, readable: size }
    }
}

const CLEAR: &[u8] = b"Befund, der in keiner Datei im Klartext steht";

impl Source for Content {
    fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Option<Vec<u8>> {
        let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
        (end <= self.readable).then(|| self.bytes[start..end].to_vec())
    }
}

fn named(name: &str) -> LargeToSend {
    LargeToSend {
        name: name.into(),
        mime: "application/zip".into(),
        caption: Some("Die Serie".into()),
        reply_to: None,
        video: None,
        removal: None,
        imported: None,
    }
}

/// Collects a file; cuts the line once when so much has come, and mends it soon after.
struct Collected<'a> {
    bytes: Vec<u8>,
    cut: Option<(usize, &'a Line)>,
    pauses: usize,
}

impl Sink for Collected<'_> {
    async fn take(&mut self, piece: Vec<u8>, done: u64, of: u64) -> Result<(), String> {
        self.bytes.extend(piece);
        assert_eq!(done, self.bytes.len() as u64);
        assert!(done <= of);
        if let Some((_, line)) = self.cut.take_if(|(at, _)| self.bytes.len() >= *at) {
            line.cut();
        }
        Ok(())
    }

    fn paused(&mut self) {
        self.pauses += 1;
    }
}

async fn fetched(chat: &Chat, media: &MediaRef) -> Vec<u8> {
    let mut sink = Collected { bytes: Vec::new(), cut: None, pauses: 0 };
    chat.media_in_pieces(media, &mut sink).await.expect("it can be fetched");
    sink.bytes
}

async fn file_in(chat: &Chat) -> MediaRef {
    let arrived = message("the file arrives", chat, |it| {
        matches!(it.body, Body::File(_)) && it.on_its_way.is_none() && it.id.event_id().is_some()
    })
    .await;
    let Body::File(view) = arrived.body else { unreachable!() };
    assert_eq!(view.caption.as_deref(), Some("Die Serie"));
    view.file
}

/// Objects in the server's media storage.
fn objects(server: &Path) -> usize {
    let media = server.join(testkit::SERVER_NAME).join("media");
    let shards = std::fs::read_dir(media).expect("the media storage").flatten();
    shards.map(|shard| std::fs::read_dir(shard.path()).expect("a shard").count()).sum()
}

fn key_of_file(rows: &[Arc<Row>]) -> Option<String> {
    let is_file = |row: &&Arc<Row>| {
        find(std::slice::from_ref(*row), |it| matches!(it.body, Body::File(_))).is_some()
    };
    rows.iter().find(is_file).map(|row| row.key.clone())
}

/// Waits until so much of a file is on its way, and cuts the line.
async fn cut_at(line: &Line, chat: &Chat, bytes: usize) {
    message("it is on its way", chat, |it| {
        it.on_its_way.is_some_and(|way| way.step == Step::Sending && way.done_bytes >= bytes as u64)
    })
    .await;
    line.cut();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_on_where_it_was_after_a_cut_line_and_a_closed_app() {
    let (mut pair, line) = Pair::over_a_line().await;
    let anna = pair.annas.open(&pair.chat).await;
    let content = Content::of(24 * MIB + 17);
    let (sent, ()) =
        tokio::join!(anna.send_large(named("Serie.zip"), &content), cut_at(&line, &anna, 6 * MIB));
    sent.expect("it is on the device");
    message("it waits for the network", &anna, |it| {
        it.on_its_way.is_some_and(|way| way.step == Step::Paused)
    })
    .await;
    drop(anna);
    pair.annas.close().await;
    let kept = pair.annas.files();
    assert!(kept.iter().any(|(name, _)| name.contains("large")), "its pieces are kept");
    let in_clear =
        |(_, bytes): &(String, Vec<u8>)| bytes.windows(CLEAR.len()).any(|part| part == CLEAR);
    assert!(!kept.iter().any(in_clear), "and encrypted");

    let before = line.sent_bytes();
    line.mend();
    pair.annas.reopen().await;
    let anna = pair.annas.open(&pair.chat).await;
    let mut rows = anna.rows();
    let waiting = until("it is there", &mut rows, |rows| key_of_file(rows).is_some()).await;
    let key = key_of_file(&waiting);
    message("it is sent", &anna, |it| matches!(it.body, Body::File(_)) && is_sent(it)).await;
    assert_eq!(key_of_file(&anna.rows().peek()), key, "it is the same row");
    let again = line.sent_bytes() - before;
    let rest = (content.bytes.len() - 6 * MIB) as u64;
    assert!(again < rest + 2 * MIB as u64, "{again} bytes were sent for the last {rest}");

    let jonas = pair.jonass.open(&pair.chat).await;
    assert!(fetched(&jonas, &file_in(&jonas).await).await == content.bytes, "whole and unchanged");
    let files = jonas.rows().peek();
    assert!(find(&files, |it| it.on_its_way.is_some()).is_none());
    let is_file = |it: &&Arc<Row>| {
        find(std::slice::from_ref(*it), |it| matches!(it.body, Body::File(_))).is_some()
    };
    assert_eq!(files.iter().filter(is_file).count(), 1, "once");
    assert!(!pair.annas.files().iter().any(|(name, _)| name.contains("large/")), "nothing is left");

    // Coming in, it goes on as well.
    let mut sink = Collected { bytes: Vec::new(), cut: Some((5 * MIB, &line)), pauses: 0 };
    let media = file_in(&anna).await;
    let mend = async {
        let mut connection = pair.annas.session().connection();
        until("the line is cut", &mut connection, |it| it.is_down()).await;
        line.mend();
        pair.annas.session().retry_now();
    };
    let (fetched, ()) = tokio::join!(anna.media_in_pieces(&media, &mut sink), mend);
    fetched.expect("it goes on");
    assert!(sink.pauses > 0 && sink.bytes == content.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_or_changed_meanwhile_leaves_nothing_here_or_at_the_server() {
    let (mut pair, line) = Pair::over_a_line().await;
    let Some(server) = pair.hospital.server() else { return };
    let data = server.data_dir();
    let anna = pair.annas.open(&pair.chat).await;
    let content = Content::of(24 * MIB);
    let (sent, ()) =
        tokio::join!(anna.send_large(named("Falsch.zip"), &content), cut_at(&line, &anna, 4 * MIB));
    sent.expect("it is on the device");
    assert_eq!(objects(&data), 1);
    let waiting = message("it waits", &anna, |it| it.on_its_way.is_some()).await;
    anna.delete(&waiting.id).await.expect("it can be stopped");
    assert!(find(&anna.rows().get(), |it| matches!(it.body, Body::File(_))).is_none());
    assert!(!pair.annas.files().iter().any(|(name, _)| name.contains("large/")));
    line.mend();
    pair.annas.session().retry_now();
    let gone = async {
        while objects(&data) > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone).await.expect("the server forgets it");

    // The file on the device ends before its end.
    let changed = Content { readable: 3 * MIB, ..Content::of(9 * MIB) };
    let refused = anna.send_large(named("Weg.zip"), &changed).await;
    assert_eq!(refused, Err(ActionError::FileChanged));
    assert!(find(&anna.rows().get(), |it| matches!(it.body, Body::File(_))).is_none());
    assert!(!pair.annas.files().iter().any(|(name, _)| name.contains("large/")));
    assert_eq!(objects(&data), 0);
}
