//! The person's own address book, on two devices of theirs.

use konsil_client::{
    PersonId,
    contacts::{BookView, Contact, ContactError, Phone, PhoneKind, import, import::Fate},
    trust::{DeviceTrust, Recovery},
};
use serde_json::Value;

use crate::{
    line::Line,
    person::{Account, Device, Hospital, until},
};

fn named(name: &str) -> Contact {
    Contact { name: name.into(), ..Contact::default() }
}

fn phone(number: &str) -> Phone {
    Phone { kind: PhoneKind::Extension, number: number.into() }
}

async fn book(what: &str, device: &Device, is_so: impl Fn(&BookView) -> bool) -> BookView {
    until(what, &mut device.session().contacts().view(), is_so).await
}

async fn out(device: &Device) {
    book("all is at the server", device, |view| view.is_known && !view.is_waiting).await;
}

fn find(view: &BookView, name: &str) -> Option<Contact> {
    view.contacts.iter().find(|contact| contact.name == name).map(|found| (**found).clone())
}

async fn change(device: &Device, id: &str, change: impl FnOnce(&mut Contact)) {
    let contacts = device.session().contacts();
    let seen = contacts.get(id).expect("it is in the book");
    let mut new = seen.clone();
    change(&mut new);
    contacts.keep(&seen, &new).await.expect("it is kept");
}

/// A second device, confirmed by the recovery key.
async fn confirmed(account: &Account, first: &Device) -> Device {
    let key = first.session().trust().recovery_key().await.expect("the first device has it");
    let second = account.device().await;
    let trust = second.session().trust();
    until("the second device is not confirmed", &mut trust.view(), |it| {
        it.this_device == DeviceTrust::NotConfirmed && it.recovery == Recovery::NeedsKey
    })
    .await;
    book("it says that it needs confirming", &second, |view| view.needs_confirming).await;
    trust.recover(key.expose()).await.expect("the key is good");
    second
}

/// What the server keeps of the person, by type.
fn at_server(account: &Account) -> Vec<(String, Value)> {
    let plain = account.plain();
    let sync = plain.get("/_matrix/client/v3/sync?timeout=0").ok();
    plain.post("/_matrix/client/v3/logout", &serde_json::json!({})).ok();
    let events = sync["account_data"]["events"].as_array().expect("account data").clone();
    let kind = |event: &Value| event["type"].as_str().expect("a type").to_owned();
    events.into_iter().map(|event| (kind(&event), event["content"].clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_book_is_on_every_confirmed_device_and_closed_to_the_server() {
    let hospital = Hospital::open();
    let anna = hospital.account("anna");
    let mut first = anna.first_device().await;
    let contacts = first.session().contacts();
    assert_eq!(contacts.keep(&named(""), &named(" ")).await, Err(ContactError::Nameless));
    let holm = Contact {
        role: "Oberärztin".into(),
        phones: vec![phone("4711")],
        note: "Mittwochs im OP".into(),
        matrix: Some(PersonId::new("@holm:klinikum.example")),
        ..named("Dr. Petra Holm")
    };
    let id = contacts.keep(&Contact::default(), &holm).await.expect("it is kept");
    contacts.favour(&id, true).await;
    out(&first).await;

    let second = confirmed(&anna, &first).await;
    let seen = book("it is on the second device", &second, |view| view.contacts.len() == 1).await;
    let expected = Contact { id: id.clone(), favourite: true, ..holm };
    assert_eq!(*seen.contacts[0], expected);

    let kept = at_server(&anna);
    let drawers = kept.iter().filter(|(kind, _)| kind.starts_with("de.konsil.contacts."));
    assert_eq!(drawers.count(), 1);
    let all = serde_json::to_string(&kept.iter().map(|(_, it)| it).collect::<Vec<_>>()).unwrap();
    for word in ["Holm", "holm", "4711", "Mittwochs", "Oberärztin"] {
        assert!(!all.contains(word), "{word}");
    }

    // It is there after a start, and goes everywhere when it is deleted. What still holds the session that ends would sync beside the next one.
    drop(contacts);
    first.reopen().await;
    book("it is there after a start", &first, |view| view.contacts.len() == 1).await;
    second.session().contacts().delete(&id).await;
    book("it is gone on the first", &first, |view| view.contacts.is_empty()).await;
    for name in ["Anna", "Bernd", "Clara"] {
        let contacts = first.session().contacts();
        contacts.keep(&Contact::default(), &named(name)).await.expect("it is kept");
    }
    book("all are on the second", &second, |view| view.contacts.len() == 3).await;
    second.session().contacts().delete_all().await;
    book("all are gone", &first, |view| view.contacts.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_devices_change_without_network_is_all_there_afterwards() {
    let hospital = Hospital::open();
    let anna = hospital.account("anna");
    let mut first = anna.first_device().await;
    let contacts = first.session().contacts();
    let id = contacts.keep(&Contact::default(), &named("Dr. Holm")).await.expect("it is kept");
    out(&first).await;
    let line = Line::to(anna.url()).await;
    let far = anna.at(line.url());
    let second = confirmed(&far, &first).await;
    book("it is on the second device", &second, |view| view.contacts.len() == 1).await;
    line.cut();
    until("the second is told", &mut second.session().connection(), |it| it.is_down()).await;
    change(&second, &id, |it| it.phones.push(phone("4712"))).await;
    change(&second, &id, |it| it.note = "Vom Telefon".into()).await;
    let contacts = second.session().contacts();
    contacts.keep(&Contact::default(), &named("Bernd Offline")).await.expect("it is kept");
    book("it waits", &second, |view| view.is_waiting && view.contacts.len() == 2).await;
    change(&first, &id, |it| it.phones.push(phone("4711"))).await;
    change(&first, &id, |it| it.note = "Vom Rechner".into()).await;
    out(&first).await;
    line.mend();
    second.session().retry_now();
    for device in [&first, &second] {
        let view = book("all of it is there", device, |view| {
            let holm = find(view, "Dr. Holm");
            view.contacts.len() == 2
                && !view.is_waiting
                && holm.is_some_and(|it| it.phones.len() == 2 && it.also.len() == 1)
        })
        .await;
        let holm = find(&view, "Dr. Holm").expect("just seen");
        assert_eq!(holm.phones, [phone("4711"), phone("4712")]);
        let mut notes = vec![holm.note, holm.also[0].value.clone()];
        notes.sort();
        assert_eq!(notes, ["Vom Rechner", "Vom Telefon"]);
    }
    // The choice is made on one device, for both.
    change(&first, &id, |it| it.also.clear()).await;
    book("the second knows", &second, |view| {
        find(view, "Dr. Holm").is_some_and(|it| it.also.is_empty())
    })
    .await;
    first.reopen().await;
    book("also after a start", &first, |view| {
        find(view, "Dr. Holm").is_some_and(|it| it.also.is_empty() && it.phones.len() == 2)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_changes_of_two_devices_at_the_same_time_lose_nothing() {
    let hospital = Hospital::open();
    let anna = hospital.account("anna");
    let first = anna.first_device().await;
    out_of_nothing(&first).await;
    let second = confirmed(&anna, &first).await;
    book("the second has read", &second, |view| view.is_known).await;
    let write = async |device: &Device, name: &str| {
        for number in 0..25 {
            let contacts = device.session().contacts();
            let new = named(&format!("{name} {number}"));
            contacts.keep(&Contact::default(), &new).await.expect("it is kept");
            // Both are writing all the time, in all drawers.
            tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        }
    };
    tokio::join!(write(&first, "Erste"), write(&second, "Zweite"));
    for device in [&first, &second] {
        book("all are there", device, |view| view.contacts.len() == 50 && !view.is_waiting).await;
    }
    // What lies at the server is whole as well: a third device finds all of it.
    let third = confirmed(&anna, &first).await;
    book("the third has all", &third, |view| view.contacts.len() == 50).await;
}

async fn out_of_nothing(device: &Device) {
    let view = book("the book is known", device, |view| view.is_known).await;
    assert_eq!((view.contacts.len(), view.is_waiting), (0, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_shows_what_is_there_and_takes_the_rest_at_once() {
    let hospital = Hospital::open();
    let anna = hospital.account("anna");
    let device = anna.first_device().await;
    let contacts = device.session().contacts();
    let known = Contact { phones: vec![phone("0511 123 4711")], ..named("Petra") };
    contacts.keep(&Contact::default(), &known).await.expect("it is kept");
    let mut table = "Name;Telefon;Funktion\nPetra;+49 511 1234711;Ärztin\n;;\nNur Text".to_owned();
    for number in 0..1_200 {
        table.push_str(&format!("\nPerson {number};0511 {};", 900_000 + number));
    }
    let reading = import::read_file(table.as_bytes());
    let seen = std::sync::Mutex::new(Vec::new());
    let offers = contacts.offers(&reading.drafts, |n| seen.lock().expect("free").push(n)).await;
    let seen = seen.into_inner().expect("free");
    assert_eq!(seen.last(), Some(&reading.drafts.len()));
    assert!(seen.len() > 4, "it was told how far it is");
    assert_eq!(offers[0].fate, Fate::Adds("Petra".into()));
    assert!(offers[1..].iter().all(|offer| offer.fate == Fate::New));
    assert_eq!(contacts.view().peek().contacts.len(), 1, "nothing is taken before it is agreed");
    assert_eq!(contacts.take(&offers).await, Ok(1_202));
    let view = book("all are there", &device, |view| view.contacts.len() == 1_202).await;
    let petra = find(&view, "Petra").expect("she stays who she is");
    assert_eq!((&*petra.role, petra.phones.len()), ("Ärztin", 1));
    out(&device).await;
    let again = contacts.offers(&reading.drafts, |_| ()).await;
    assert!(again.iter().all(|offer| offer.fate == Fate::There), "the second time nothing is new");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_at_the_server_is_mended_from_a_device() {
    let hospital = Hospital::open();
    let anna = hospital.account("anna");
    let first = anna.first_device().await;
    let contacts = first.session().contacts();
    contacts.keep(&Contact::default(), &named("Dr. Holm")).await.expect("it is kept");
    out(&first).await;
    let kept = at_server(&anna);
    let drawer = kept.iter().find(|(kind, _)| kind.starts_with("de.konsil.contacts."));
    let (kind, before) = drawer.expect("a drawer").clone();
    let plain = anna.plain();
    let id = testkit::matrix::escape(&anna.id);
    let path = format!("/_matrix/client/v3/user/{id}/account_data/{kind}");
    let mut broken = before.clone();
    broken["sealed"] = Value::from(before["sealed"].as_str().expect("text").replace('A', "B"));
    for damage in [serde_json::json!({}), broken] {
        plain.put(&path, &damage).ok();
        tokio::time::timeout(crate::person::PATIENCE, async {
            while plain.get(&path).ok() == damage {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        })
        .await
        .expect("the device has put its own in its place");
    }
    book("it says so", &first, |view| view.is_mended).await;
    plain.post("/_matrix/client/v3/logout", &serde_json::json!({})).ok();
    let second = confirmed(&anna, &first).await;
    book("another device finds it whole", &second, |view| find(view, "Dr. Holm").is_some()).await;
}
