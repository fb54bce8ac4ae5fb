//! The app lock: what is on the device opens with the PIN and the hospital's server, and with nothing else.

use konsil_client::{
    Session,
    lock::{self, LockedSession, SignedIn, Standing, Stored, UnlockError, Weakness},
    session::{Credentials, LogoutMode},
};

use crate::person::{Account, Device, Hospital, MIN_LENGTH, PIN, Pair, online, say, text};

/// The credentials of an account.
fn credentials(account: &Account) -> Credentials {
    Credentials { user: account.localpart.clone(), password: account.password.clone() }
}

async fn refused(locked: &LockedSession, pin: &str) -> UnlockError {
    match locked.unlock(pin).await {
        Ok(_) => panic!("{pin} opens it"),
        Err(error) => error,
    }
}

fn wrong(tries_left: u64) -> UnlockError {
    UnlockError::Wrong { tries_left, retry_after_ms: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_pin_opens_what_is_stored_and_a_copy_has_no_tries_of_its_own() {
    let mut pair = Pair::meet().await;
    let chat = pair.annas.open(&pair.chat).await;
    say(&chat, "Hinter der PIN").await;
    text(&pair.jonass.open(&pair.chat).await, "Hinter der PIN").await;
    drop(chat);
    pair.annas.close().await;

    let locked = pair.annas.locked().await;
    assert!(locked.is_digits());
    assert_eq!(refused(&locked, "482914").await, wrong(9));
    assert_eq!(refused(&locked, "").await, wrong(8));
    // Whoever has copied the device's files before has the same tries.
    let copy = copy_of(&pair.annas);
    let at_copy = locked_at(&copy).await;
    assert_eq!(refused(&at_copy, "111222").await, wrong(7));
    assert_eq!(locked.standing().await, Ok(Standing { tries_left: 7, retry_after_ms: None }));
    pair.annas.reopen().await;
    let chat = pair.annas.open(&pair.chat).await;
    text(&chat, "Hinter der PIN").await;
    assert_eq!(at_copy.standing().await.map(|it| it.tries_left), Ok(10), "it made good");

    // The device is lost: from then on not even the PIN opens the copy.
    pair.annas.session().logout(LogoutMode::LoseKeys).await.expect("out");
    assert_eq!(refused(&at_copy, PIN).await, UnlockError::SignedOut);
}

/// A copy of all that a device has stored.
struct Copied {
    settings: konsil_client::Settings,
    _directory: tempfile::TempDir,
}

fn copy_of(device: &Device) -> Copied {
    let directory = tempfile::tempdir().expect("a directory");
    let store = directory.path().join("konsil");
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(&device.settings().store)
        .arg(&store)
        .status();
    assert!(copied.is_ok_and(|status| status.success()), "the files are copied");
    let mut settings = device.settings().clone();
    settings.store = store.to_str().expect("readable").to_owned();
    Copied { settings, _directory: directory }
}

async fn locked_at(copy: &Copied) -> LockedSession {
    match Session::stored(&copy.settings).await.expect("nothing is damaged") {
        Stored::Locked(locked) => locked,
        _ => panic!("nothing is locked here"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_stored_before_there_is_a_pin_and_a_weak_one_is_refused() {
    let hospital = Hospital::open();
    let anna = hospital.account("anna");
    let directory = tempfile::tempdir().expect("a directory");
    let settings = konsil_client::Settings {
        homeserver: anna.url().to_owned(),
        store: directory.path().join("konsil").to_str().expect("readable").to_owned(),
        device_name: "test".into(),
    };
    let Ok(SignedIn::New(unprotected)) = Session::login(&settings, &credentials(&anna)).await
    else {
        panic!("the login succeeds");
    };
    assert!(unprotected.is_new());
    for (pin, weakness) in [
        ("48291", Weakness::TooShort),
        ("123456", Weakness::Obvious),
        ("000000", Weakness::Obvious),
    ] {
        let error = unprotected.protect(pin, MIN_LENGTH).await.err();
        assert_eq!(error, Some(UnlockError::Weak(weakness)), "{pin}");
    }
    let files = std::fs::read_dir(directory.path()).expect("a directory").count();
    assert_eq!(files, 0, "whoever turns back now leaves nothing");
    let stored = Session::stored(&settings).await.expect("nothing is damaged");
    assert!(matches!(stored, Stored::Nothing));

    let session = unprotected.protect("Vier Füße im Flur", MIN_LENGTH).await.expect("it opens");
    online(&session).await;
    drop(session);
    let Ok(Stored::Locked(locked)) = Session::stored(&settings).await else {
        panic!("it is locked");
    };
    assert!(!locked.is_digits());
    assert_eq!(refused(&locked, "vier Füße im Flur").await, wrong(9));
    locked.unlock("Vier Füße im Flur").await.expect("it opens again");
    let policy = lock::policy(&settings).await.expect("the server answers");
    assert_eq!(policy, lock::LockPolicy::default(), "the strict one");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_turns_back_before_setting_a_pin_leaves_no_device_behind() {
    let hospital = Hospital::open();
    let anna = hospital.account("anna");
    let settings = konsil_client::Settings {
        homeserver: anna.url().to_owned(),
        store: "/nowhere/konsil".into(),
        device_name: "given up".into(),
    };
    let Ok(SignedIn::New(unprotected)) = Session::login(&settings, &credentials(&anna)).await
    else {
        panic!("the login succeeds");
    };
    let devices = || {
        let devices = anna.plain().get("/_matrix/client/v3/devices").ok();
        devices.to_string().contains("given up")
    };
    assert!(devices());
    unprotected.give_up().await;
    assert!(!devices());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_new_pin_opens_and_a_change_that_broke_off_leaves_one_that_does() {
    const NEW: &str = "739164";
    let hospital = Hospital::open();
    let mut annas = hospital.account("anna").first_device().await;
    let session = annas.session();
    let refused_change = session.change_pin("482914", NEW, MIN_LENGTH).await;
    assert_eq!(refused_change, Err(wrong(9)));
    let weak = session.change_pin(PIN, "121212", MIN_LENGTH).await;
    assert_eq!(weak, Err(UnlockError::Weak(Weakness::Obvious)));
    session.change_pin(PIN, NEW, MIN_LENGTH).await.expect("changed");
    // As the app lies there if it breaks off between the two: with both locks, and the server already changed, or not yet.
    let after = copy_of(&annas);
    session.change_pin(NEW, PIN, MIN_LENGTH).await.expect("changed back");
    let latest = copy_of(&annas);
    annas.close().await;
    both_locks(&after, &latest);
    let both = locked_at(&latest).await;
    assert_eq!(refused(&both, NEW).await, wrong(9), "the server has changed already");
    both.unlock(PIN).await.expect("the one that holds opens");

    let only = locked_at(&latest).await;
    only.unlock(PIN).await.expect("the other lock is gone");
    annas.reopen().await;
}

/// Puts the earlier lock beside the later one, as the change of a PIN does before it asks the server.
fn both_locks(earlier: &Copied, later: &Copied) {
    let read = |copy: &Copied| -> (std::path::PathBuf, serde_json::Value) {
        let file = std::path::Path::new(&copy.settings.store).join("vault.json");
        let text = std::fs::read(&file).expect("a vault");
        (file, serde_json::from_slice(&text).expect("JSON"))
    };
    let ((_, earlier), (file, mut later)) = (read(earlier), read(later));
    let old = earlier["locks"][0].clone();
    assert_ne!(old["generation"], later["locks"][0]["generation"]);
    later["locks"].as_array_mut().expect("locks").insert(0, old);
    std::fs::write(file, later.to_string()).expect("it is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_server_nothing_opens_and_nothing_is_lost() {
    let mut hospital = Hospital::open();
    let mut annas = hospital.account("anna").first_device().await;
    annas.close().await;
    let Some(server) = hospital.server() else { return };
    server.kill();
    let locked = annas.locked().await;
    assert_eq!(refused(&locked, PIN).await, UnlockError::NoConnection);
    assert_eq!(locked.standing().await, Err(UnlockError::NoConnection));
    hospital.server().expect("as above").resume();
    assert_eq!(locked.standing().await.map(|it| it.tries_left), Ok(10), "that was no try");
    annas.reopen().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_forgets_the_pin_begins_anew_and_the_device_leaves_the_account() {
    let hospital = Hospital::open();
    let anna = hospital.account("anna");
    let mut annas = anna.first_device().await;
    let device = annas.session().me().peek().device.to_string();
    let has_device =
        || anna.plain().get("/_matrix/client/v3/devices").ok().to_string().contains(&device);
    annas.close().await;
    assert!(has_device());
    annas.locked().await.forget().await.expect("it is cleared");
    assert!(!has_device());
    let stored = Session::stored(annas.settings()).await.expect("nothing is damaged");
    assert!(matches!(stored, Stored::Nothing));
    assert_eq!(annas.files().len(), 0, "{:?}", annas.files());
}
