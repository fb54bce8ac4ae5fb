//! More than two.

use konsil_client::{
    chat::SystemLine,
    room_list::{RoomKind, RoomListView},
};

use crate::person::{Hospital, text, until};

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
    at_murat.send_text("Hallo zusammen", None).await.expect("it is queued");
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
