//! Broadcast lists.

use konsil_client::{
    Person,
    broadcast::{List, Stage},
    chat::RowKind,
    room_list::RoomKind,
};

use crate::person::{Account, Device, Hospital, say, says, text, until};

/// Somebody as the directory would give them.
fn person(account: &Account) -> Person {
    Person {
        id: account.person(),
        name: account.localpart.clone(),
        role: None,
        department: None,
        phone: None,
    }
}

async fn the_chat_with(device: &Device, other: &Account) -> konsil_client::Chat {
    device.accept_invitation().await;
    let is_with = |kind: &RoomKind| matches!(kind, RoomKind::Direct { .. });
    let view = until("the chat is in the list", &mut device.session().rooms().view(), |list| {
        list.rows.iter().any(|row| is_with(&row.kind))
    })
    .await;
    let direct: Vec<_> = view.rows.iter().filter(|row| is_with(&row.kind)).collect();
    assert_eq!(direct.len(), 1, "one chat, with {}", other.id);
    device.open(&direct[0].id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_to_a_list_reaches_each_in_a_chat_of_their_own() {
    let hospital = Hospital::open();
    let accounts = ["anna", "jonas", "murat", "newcomer"].map(|name| hospital.account(name));
    let [anna, jonas, murat, newcomer] = &accounts;
    let (mut annas, jonass, murats) =
        (anna.first_device().await, jonas.first_device().await, murat.first_device().await);
    // There is a chat with one of them already.
    let before = annas.session().rooms().direct(&jonas.person()).await.expect("a chat");
    let at_jonas = the_chat_with(&jonass, anna).await;

    let people: Vec<Person> = [jonas, murat, newcomer].map(person).into();
    let broadcasts = annas.session().broadcasts();
    let list = List { id: String::new(), name: "  Frühdienst ".into(), people: people.clone() };
    broadcasts.keep(&list).await;
    let long = format!("Übergabe: {}Ende.", "Bett frei, Befund fehlt. ".repeat(3_000));
    for words in ["Übergabe heute um 14 Uhr", &long] {
        let mut progress = broadcasts.send(&people, words);
        let stages = until("all is decided", &mut progress, |all| {
            all.iter().all(|it| !matches!(it.stage, Stage::Waiting | Stage::Queued))
        })
        .await;
        let stages: Vec<&Stage> = stages.iter().map(|it| &it.stage).collect();
        assert_eq!(stages, [&Stage::Sent, &Stage::Sent, &Stage::NoDevice]);
        text(&at_jonas, words).await;
    }
    let at_murat = the_chat_with(&murats, anna).await;
    text(&at_murat, "Übergabe heute um 14 Uhr").await;
    text(&at_murat, &long).await;
    for chat in [&at_jonas, &at_murat] {
        let header = until("who is in it", &mut chat.header(), |it| it.members.len() == 2).await;
        assert!(header.members.iter().any(|member| member.person.id == anna.person()));
    }
    assert_eq!(annas.session().rooms().direct(&jonas.person()).await.ok(), Some(before));
    let nobody = annas.session().rooms().view().peek();
    assert_eq!(nobody.rows.len(), 2, "no chat with somebody who could not read it");

    // The list is there after a start, is changed and forgotten.
    annas.reopen().await;
    let broadcasts = annas.session().broadcasts();
    let mut kept = broadcasts.lists().await;
    let [list] = &mut kept[..] else { panic!("{kept:?}") };
    assert_eq!(list.name, "Frühdienst");
    let ids = |list: &List| list.people.iter().map(|it| it.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(list), [jonas.person(), murat.person(), newcomer.person()]);
    list.people.pop();
    broadcasts.keep(list).await;
    let changed = broadcasts.lists().await;
    assert_eq!(changed.iter().map(ids).collect::<Vec<_>>(), [ids(list)], "not a second list");
    broadcasts.forget(&list.id).await;
    assert_eq!(broadcasts.lists().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_to_a_list_without_network_reaches_all_after_the_app_was_closed() {
    let mut hospital = Hospital::open();
    let accounts = ["anna", "jonas", "lena"].map(|name| hospital.account(name));
    let [anna, jonas, lena] = &accounts;
    let (mut annas, jonass, lenas) =
        (anna.first_device().await, jonas.first_device().await, lena.first_device().await);
    annas.session().rooms().direct(&jonas.person()).await.expect("a chat");
    let at_jonas = the_chat_with(&jonass, anna).await;
    let Some(server) = hospital.server() else { panic!("this test stops its server") };
    server.stop();
    // With Lena there is no chat yet, and none can be begun now.
    let people: Vec<Person> = [jonas, lena].map(person).into();
    let mut progress = annas.session().broadcasts().send(&people, "Ohne Netz geschrieben");
    until("both wait for the network", &mut progress, |all| {
        all.iter().all(|it| it.stage == Stage::Queued)
    })
    .await;
    annas.close().await;
    server.resume();
    annas.reopen().await;
    text(&at_jonas, "Ohne Netz geschrieben").await;
    let at_lena = the_chat_with(&lenas, anna).await;
    text(&at_lena, "Ohne Netz geschrieben").await;
    // Once: the next start finds nothing left.
    annas.close().await;
    annas.reopen().await;
    let with_lena = annas.session().rooms().direct(&lena.person()).await.expect("a chat");
    say(&annas.open(&with_lena).await, "Danach").await;
    text(&at_lena, "Danach").await;
    for chat in [&at_jonas, &at_lena] {
        let rows = chat.rows().peek();
        let times = rows.iter().filter(|row| match &row.kind {
            RowKind::Message(message) => says(message, "Ohne Netz geschrieben"),
            _ => false,
        });
        assert_eq!(times.count(), 1);
    }
}
