//! Broadcast lists.

use konsil_client::{
    Person,
    broadcast::{List, Stage},
    room_list::RoomKind,
};

use crate::person::{Account, Device, Hospital, says, text, until};

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
async fn a_message_to_a_list_written_without_network_goes_out_later() {
    let mut hospital = Hospital::open();
    let (anna, jonas) = (hospital.account("anna"), hospital.account("jonas"));
    let (annas, jonass) = (anna.first_device().await, jonas.first_device().await);
    annas.session().rooms().direct(&jonas.person()).await.expect("a chat");
    let at_jonas = the_chat_with(&jonass, &anna).await;
    let stranger = hospital.account("stranger");
    let Some(server) = hospital.server() else { panic!("this test stops its server") };
    server.stop();
    let people: Vec<Person> = [&jonas, &stranger].map(person).into();
    let mut progress = annas.session().broadcasts().send(&people, "Ohne Netz geschrieben");
    let stages = until("it is decided about both", &mut progress, |all| {
        all.iter().all(|it| it.stage != Stage::Waiting)
    })
    .await;
    assert_eq!(stages[0].stage, Stage::Queued);
    assert!(matches!(stages[1].stage, Stage::Failed(_)), "no chat can be begun: {stages:?}");
    server.resume();
    let arrived = text(&at_jonas, "Ohne Netz geschrieben").await;
    assert!(says(&arrived, "Ohne Netz geschrieben"));
}
