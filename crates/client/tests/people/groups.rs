//! More than two.

use konsil_client::{
    chat::{ChatHeader, SystemLine},
    room_list::{RoomKind, RoomListView},
};

use crate::person::{Hospital, message, say, text, until};

fn has_group(list: &RoomListView, title: &str) -> bool {
    list.rows.iter().any(|row| matches!(row.kind, RoomKind::Group { .. }) && row.title == title)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_name_reaches_its_members_and_newcomers_but_never_the_server() {
    let hospital = Hospital::open();
    let accounts = [hospital.account("anna"), hospital.account("jonas"), hospital.account("murat")];
    let [anna, jonas, murat] = &accounts;
    let (annas, jonass, murats) =
        (anna.first_device().await, jonas.first_device().await, murat.first_device().await);
    let name = "Station 3 Nordflügel";
    let group = annas
        .session()
        .rooms()
        .create_group(name, &[jonas.person()])
        .await
        .expect("it can be created");
    until("Anna sees the name", &mut annas.session().rooms().view(), |list| has_group(list, name))
        .await;
    jonass.accept_invitation().await;
    until("Jonas sees the name", &mut jonass.session().rooms().view(), |list| {
        has_group(list, name)
    })
    .await;

    let at_anna = annas.open(&group).await;
    at_anna.invite(&[murat.person()]).await.expect("she may invite");
    murats.accept_invitation().await;
    until("Murat sees the name", &mut murats.session().rooms().view(), |list| {
        has_group(list, name)
    })
    .await;

    let at_murat = murats.open(&group).await;
    say(&at_murat, "Hallo zusammen").await;
    text(&at_anna, "Hallo zusammen").await;
    text(&jonass.open(&group).await, "Hallo zusammen").await;
    until("all three are members", &mut at_murat.header(), |header| {
        header.members.len() == 3 && header.members.iter().all(|member| !member.invited)
    })
    .await;

    at_anna.rename("Station 4").await.expect("it is queued");
    until("the new name arrives", &mut murats.session().rooms().view(), |list| {
        has_group(list, "Station 4")
    })
    .await;
    until("and is a line in the chat", &mut at_murat.rows(), |rows| {
        rows.iter().any(|row| match &row.kind {
            konsil_client::chat::RowKind::System {
                line: SystemLine::Renamed { to, .. }, ..
            } => to == "Station 4",
            _ => false,
        })
    })
    .await;

    let plain = anna.plain();
    let state = plain.get(&format!("/_matrix/client/v3/rooms/{group}/state")).ok();
    let types: Vec<&str> = state
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect();
    assert!(types.contains(&"m.room.encryption"), "the control is there");
    assert!(
        !types.contains(&"m.room.name") && !state.to_string().contains("Nordflügel"),
        "{state}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_first_sees_who_is_still_invited() {
    let hospital = Hospital::open();
    let accounts = [hospital.account("anna"), hospital.account("jonas"), hospital.account("murat")];
    let [anna, jonas, murat] = &accounts;
    let (annas, jonass) = (anna.first_device().await, jonas.first_device().await);
    let people = [jonas.person(), murat.person()];
    let group = annas.session().rooms().create_group("Stroke-Team", &people).await;
    let group = group.expect("it can be created");
    // As the app does it: the chat may be open before the invitation is accepted.
    let mut view = jonass.session().rooms().view();
    until("the invitation arrives", &mut view, |list| list.rows.iter().any(|row| row.id == group))
        .await;
    let at_jonas = jonass.open(&group).await;
    jonass.session().rooms().accept(&group).await.expect("it can be accepted");
    let is_invited = |header: &ChatHeader| {
        header.member(&murat.person()).is_some_and(|member| member.invited)
            && header.members.len() == 3
    };
    until("Jonas sees that Murat is invited", &mut at_jonas.header(), is_invited).await;
    let again = jonass.open(&group).await;
    until("also when it is opened later", &mut again.header(), is_invited).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_made_a_group_lets_others_manage_it_and_removes_them() {
    let hospital = Hospital::open();
    let (anna, jonas) = (hospital.account("anna"), hospital.account("jonas"));
    let (annas, jonass) = (anna.first_device().await, jonas.first_device().await);
    let rooms = annas.session().rooms();
    let group = rooms.create_group("Dienst", &[jonas.person()]).await.expect("it can be created");
    jonass.accept_invitation().await;
    let (at_anna, at_jonas) = (annas.open(&group).await, jonass.open(&group).await);
    say(&at_anna, "Bitte anheften").await;
    let seen = text(&at_jonas, "Bitte anheften").await;

    let member = |header: &konsil_client::chat::ChatHeader| header.member(&jonas.person()).cloned();
    until("Anna may change Jonas", &mut at_anna.header(), |header| {
        member(header)
            .is_some_and(|it| it.can_change && it.can_remove && !it.manages && !it.invited)
    })
    .await;
    until("Jonas may not pin", &mut at_jonas.header(), |header| {
        header.members.len() == 2 && !header.can_pin && !header.can_manage
    })
    .await;
    at_anna.set_manages(&jonas.person(), true).await.expect("she may");
    until("Jonas manages", &mut at_jonas.header(), |header| {
        header.can_pin && header.can_manage && member(header).is_some_and(|it| it.manages)
    })
    .await;
    at_jonas.pin(&seen.id, true).await.expect("now he may");
    until("Anna sees what is pinned", &mut at_anna.header(), |header| {
        header.pinned.len() == 1 && header.pinned[0].id == seen.id
    })
    .await;
    message("and a mark at the message", &at_anna, |it| it.pinned).await;
    at_anna.remove(&jonas.person()).await.expect("she may");
    until("Jonas is gone", &mut at_anna.header(), |header| member(header).is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn favourites_stand_above_and_muted_and_archived_chats_do_not_count() {
    let hospital = Hospital::open();
    let (anna, jonas) = (hospital.account("anna"), hospital.account("jonas"));
    let (annas, jonass) = (anna.first_device().await, jonas.first_device().await);
    let rooms = annas.session().rooms();
    let old = rooms.create_group("Alt", &[jonas.person()]).await.expect("it can be created");
    let new = rooms.create_group("Neu", &[jonas.person()]).await.expect("it can be created");
    let mut view = rooms.view();
    until("both are there", &mut view, |list| has_group(list, "Alt") && has_group(list, "Neu"))
        .await;
    rooms.set_favourite(&old, true).await.expect("it is kept");
    let list = until("the favourite is first", &mut view, |list| {
        list.rows.first().is_some_and(|row| row.id == old && row.favourite)
    })
    .await;
    assert_eq!(list.rows.len(), 2);

    jonass.accept_invitation().await;
    jonass.accept_invitation().await;
    say(&jonass.open(&new).await, "Hallo").await;
    until("it is unread", &mut view, |list| list.unread_total == 1).await;
    rooms.set_muted(&new, true).await.expect("it is kept");
    until("muted it does not count", &mut view, |list| {
        list.unread_total == 0
            && list.rows.iter().any(|row| row.id == new && row.muted && row.unread == 1)
    })
    .await;
    rooms.set_muted(&new, false).await.expect("it is kept");
    until("it counts again", &mut view, |list| list.unread_total == 1).await;
    rooms.set_archived(&new, true).await.expect("it is kept");
    until("archived it does not count", &mut view, |list| {
        list.unread_total == 0 && list.rows.iter().any(|row| row.id == new && row.archived)
    })
    .await;
}
