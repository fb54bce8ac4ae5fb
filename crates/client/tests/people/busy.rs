//! Chats in which much happens while they are opened.

use std::{collections::HashSet, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::person::{Pair, is_sent, message, say, says, text, texts};

#[tokio::test(flavor = "multi_thread")]
async fn who_opens_a_chat_while_messages_come_keeps_all_of_them_also_after_writing() {
    const ROUNDS: usize = 40;
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let pair = Pair::meet().await;
    let jonas = pair.jonass.open(&pair.chat).await;
    let mut lost = Vec::new();
    for round in 0..ROUNDS {
        say(&jonas, &format!("{round:02} vorher")).await;
        for number in 0..5 {
            say(&jonas, &format!("{round:02}.{number}")).await;
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..80))).await;
        let anna = pair.annas.open(&pair.chat).await;
        text(&anna, &format!("{round:02}.4")).await;
        for number in 0..3 {
            say(&anna, &format!("{round:02} Antwort {number}")).await;
            text(&jonas, &format!("{round:02} Antwort {number}")).await;
            message("it is sent", &anna, |it| {
                says(it, &format!("{round:02} Antwort {number}")) && is_sent(it)
            })
            .await;
        }
        say(&jonas, &format!("{round:02} nachher")).await;
        text(&anna, &format!("{round:02} nachher")).await;
        let seen: HashSet<String> = texts(&anna.rows().get()).into_iter().collect();
        let written = texts(&jonas.rows().get());
        let this_round = written.iter().filter(|text| text.starts_with(&format!("{round:02}")));
        lost.extend(this_round.filter(|text| !seen.contains(*text)).cloned());
    }
    assert!(lost.is_empty(), "gone from the open chat: {lost:?}");
}
