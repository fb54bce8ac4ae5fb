//! The app lock: what is on the device opens with the PIN and the hospital's server, and with nothing else.

use konsil_client::{
    Session,
    lock::{
        self, Authenticator, Biometrics, LockedSession, Offline, PinNeeded, SignedIn, Standing,
        Stored, UnlockError, Weakness,
    },
    session::{Credentials, LogoutMode, SessionEnd},
};

use crate::person::{Account, Device, Hospital, MIN_LENGTH, PIN, Pair, online, say, text, until};

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
    assert_eq!(
        locked.standing().await,
        Ok(Standing { tries_left: 7, retry_after_ms: None, biometrics: Biometrics::NotSetUp })
    );
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

/// What the authenticator of this device has made.
fn authenticator() -> Authenticator {
    Authenticator { credential: vec![1; 16], input: vec![2; 32], secret: vec![3; 32] }
}

fn is_allowed(offline: Offline) -> bool {
    matches!(offline, Offline::Until { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_hospital_allows_it_pin_and_authenticator_open_without_the_server() {
    let mut hospital = Hospital::with("lock.offline_hours = 12");
    let mut annas = hospital.account("anna").first_device().await;
    assert_eq!(annas.session().offline().await, Offline::NotSetUp);
    let set_up = annas.session().set_up_offline("482914", authenticator()).await;
    assert_eq!(set_up, Err(wrong(9)), "whoever sets it up has the PIN");
    assert_eq!(annas.session().offline().await, Offline::NotSetUp);
    annas.session().set_up_offline(PIN, authenticator()).await.expect("set up");
    assert!(is_allowed(annas.session().offline().await));
    annas.close().await;
    // What rests on the device opens with neither of the two alone.
    let secret = &authenticator().secret;
    let Some(server) = hospital.server() else { return };
    server.kill();
    let locked = annas.locked().await;
    assert!(is_allowed(locked.offline()));
    assert_eq!(refused(&locked, PIN).await, UnlockError::NoConnection);
    let asked = Some((authenticator().credential, authenticator().input));
    assert_eq!(locked.asks_authenticator(), asked);
    assert_eq!(refused_offline(&locked, PIN, &[4; 32]).await, left(4));
    assert_eq!(refused_offline(&locked, "482914", secret).await, left(3));
    // A try that was made is also counted after a restart.
    let locked = annas.locked().await;
    assert_eq!(refused_offline(&locked, "482914", secret).await, left(2));
    let session = locked.unlock_offline(PIN, secret).await.expect("it opens");
    assert!(is_allowed(session.offline().await));
    drop(session);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;

    let locked = annas.locked().await;
    for tries_left in [4, 3, 2, 1, 0] {
        assert_eq!(refused_offline(&locked, "482914", secret).await, left(tries_left));
    }
    let used_up = UnlockError::NotOffline(Offline::UsedUp);
    assert_eq!(refused_offline(&locked, PIN, secret).await, used_up);
    assert_eq!(refused_offline(&annas.locked().await, PIN, secret).await, used_up);
    hospital.server().expect("as above").resume();
    assert_eq!(locked.standing().await.map(|it| it.tries_left), Ok(10), "its own tries");
    annas.reopen().await;
    assert!(is_allowed(annas.session().offline().await), "with the server it begins anew");

    // Another PIN, and whoever does not want it any more.
    annas.session().change_pin(PIN, "739164", MIN_LENGTH).await.expect("changed");
    annas.session().change_pin("739164", PIN, MIN_LENGTH).await.expect("changed back");
    annas.close().await;
    hospital.server().expect("as above").kill();
    let session = annas.locked().await.unlock_offline(PIN, secret).await.expect("it opens");
    session.end_offline().await.expect("ended");
    drop(session);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(annas.locked().await.offline(), Offline::NotSetUp);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_has_met_the_server_while_it_was_blocked_does_not_open_without_it() {
    let mut hospital = Hospital::with("lock.offline_hours = 12");
    let anna = hospital.account("anna");
    let chief = hospital.account("chief");
    let mut annas = anna.first_device().await;
    annas.session().set_up_offline(PIN, authenticator()).await.expect("set up");
    annas.close().await;
    let secret = &authenticator().secret;
    let Some(server) = hospital.server() else { return };
    server.stop();
    assert!(server.konsil(&["user", "admin", &chief.localpart]).status.success());
    server.resume();
    let lock = format!(
        "/_matrix/client/v1/admin/lock/{}",
        testkit::matrix::escape(anna.person().as_str())
    );
    let chief = chief.plain();
    chief.put(&lock, &serde_json::json!({ "locked": true })).ok();
    // Not met yet: a block reaches a device that is cut off when it comes back.
    let locked = annas.locked().await;
    let session = locked.unlock_offline(PIN, secret).await.expect("it opens");
    let is_locked = |end: &Option<SessionEnd>| *end == Some(SessionEnd::AccountLocked);
    until("the session has ended", &mut session.ended(), is_locked).await;
    drop(session);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let locked = annas.locked().await;
    assert_eq!(locked.offline(), Offline::NotSetUp, "it has met the server");

    // Nor does one that only asked at the lock screen.
    chief.put(&lock, &serde_json::json!({ "locked": false })).ok();
    annas.reopen().await;
    assert!(is_allowed(annas.session().offline().await), "it is allowed again");
    annas.close().await;
    chief.put(&lock, &serde_json::json!({ "locked": true })).ok();
    let locked = annas.locked().await;
    assert!(is_allowed(locked.offline()));
    assert_eq!(locked.standing().await, Err(UnlockError::AccountLocked));
    assert_eq!(locked.offline(), Offline::NotSetUp);
    assert_eq!(annas.locked().await.offline(), Offline::NotSetUp, "kept so");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_hospital_does_not_allow_it_nothing_is_set_up() {
    let hospital = Hospital::open();
    let annas = hospital.account("anna").first_device().await;
    let set_up = annas.session().set_up_offline(PIN, authenticator()).await;
    assert_eq!(set_up, Err(UnlockError::NotOffline(Offline::NotSetUp)));
    assert_eq!(annas.session().offline().await, Offline::NotSetUp);
}

/// Another one, for finger or face.
fn finger() -> Authenticator {
    Authenticator { credential: vec![5; 16], input: vec![6; 32], secret: vec![7; 32] }
}

async fn refused_finger(locked: &LockedSession, secret: &[u8]) -> UnlockError {
    match locked.unlock_by_biometrics(secret).await {
        Ok(_) => panic!("it opens"),
        Err(error) => error,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_hospital_allows_it_finger_or_face_stand_in_for_the_pin() {
    const NEW: &str = "739164";
    let mut hospital = Hospital::with("lock.biometrics = true\nlock.offline_hours = 12");
    let mut annas = hospital.account("anna").first_device().await;
    assert!(!annas.session().has_biometrics().await);
    let set_up = annas.session().set_up_biometrics("482914", finger()).await;
    assert_eq!(set_up, Err(wrong(9)), "whoever sets it up has the PIN");
    assert!(!annas.session().has_biometrics().await);
    annas.session().set_up_offline(PIN, authenticator()).await.expect("set up");
    annas.session().set_up_biometrics(PIN, finger()).await.expect("set up");
    assert!(annas.session().has_biometrics().await);
    let copy = copy_of(&annas);
    annas.close().await;

    let secret = &finger().secret;
    let locked = annas.locked().await;
    assert_eq!(locked.asks_biometrics(), Some((finger().credential, finger().input)));
    let standing = locked.standing().await.expect("the server answers");
    assert_eq!((standing.tries_left, standing.biometrics), (10, Biometrics::Ready));
    let session = locked.unlock_by_biometrics(secret).await.expect("it opens");
    online(&session).await;
    assert!(is_allowed(session.offline().await), "as the PIN had set it up");
    // Another PIN takes it along.
    session.change_pin(PIN, NEW, MIN_LENGTH).await.expect("changed");
    drop(session);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let session = annas.locked().await.unlock_by_biometrics(secret).await.expect("it opens");
    drop(session);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    // Opened so, it has written what the new PIN opens, also without the server.
    let Some(server) = hospital.server() else { return };
    server.kill();
    let without = annas.locked().await;
    assert_eq!(refused_finger(&without, secret).await, UnlockError::NoConnection);
    let session = without.unlock_offline(NEW, &authenticator().secret).await.expect("it opens");
    assert!(session.has_biometrics().await);
    drop(session);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    hospital.server().expect("as above").resume();
    let session = annas.locked().await.unlock(NEW).await.expect("the PIN opens it");
    drop(session);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;

    // Whoever has copied the files before has no other tries, and no finger.
    let at_copy = locked_at(&copy).await;
    assert_eq!(refused_finger(&at_copy, &[8; 32]).await, wrong(9));
    assert_eq!(at_copy.asks_biometrics(), None, "wrong once, it is wrong always");
    let locked = annas.locked().await;
    assert_eq!(locked.standing().await.map(|it| it.tries_left), Ok(9));
    let session = locked.unlock_by_biometrics(secret).await.expect("it opens");
    drop(session);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let locked = annas.locked().await;
    assert_eq!(locked.standing().await.map(|it| it.tries_left), Ok(9), "only the PIN makes good");

    // Whoever does not want it any more.
    let session = locked.unlock(NEW).await.expect("it opens");
    session.end_biometrics().await.expect("ended");
    assert!(!session.has_biometrics().await);
    drop(session);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let locked = annas.locked().await;
    assert_eq!(locked.asks_biometrics(), None);
    let ended = UnlockError::PinNeeded(PinNeeded::NotSetUp);
    assert_eq!(refused_finger(&locked, secret).await, ended);
    let session = locked.unlock(NEW).await.expect("it opens");
    assert!(!session.has_biometrics().await, "nor does the PIN bring it back");
    drop(session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_pin_that_broke_off_leaves_a_lock_that_finger_or_face_open() {
    const NEW: &str = "739164";
    let hospital = Hospital::with("lock.biometrics = true");
    let mut annas = hospital.account("anna").first_device().await;
    annas.session().set_up_biometrics(PIN, finger()).await.expect("set up");
    let before = copy_of(&annas);
    annas.session().change_pin(PIN, NEW, MIN_LENGTH).await.expect("changed");
    let latest = copy_of(&annas);
    annas.close().await;
    both_locks(&before, &latest);
    let both = locked_at(&latest).await;
    let session = both.unlock_by_biometrics(&finger().secret).await.expect("it opens");
    drop(session);
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    locked_at(&latest).await.unlock(NEW).await.expect("the lock that holds is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_that_takes_it_back_is_heard_and_what_opened_by_it_is_erased() {
    let mut hospital = Hospital::with("lock.biometrics = true");
    let mut annas = hospital.account("anna").first_device().await;
    annas.session().set_up_biometrics(PIN, finger()).await.expect("set up");
    let at_screen = copy_of(&annas);
    annas.close().await;
    let vault = |settings: &konsil_client::Settings| {
        let file = std::path::Path::new(&settings.store).join("vault.json");
        std::fs::read_to_string(file).expect("a vault")
    };
    let sealed = vault(annas.settings());
    assert!(sealed.contains("\"biometrics\":{"), "the control");
    let Some(server) = hospital.server() else { return };
    server.stop();
    let file = server.config_file();
    let config = std::fs::read_to_string(&file).expect("the configuration");
    std::fs::write(&file, config.replace("biometrics = true", "biometrics = false"))
        .expect("it is written");
    server.resume();
    // By its finger, at the lock screen, and by its PIN.
    let locked = annas.locked().await;
    let refused = UnlockError::PinNeeded(PinNeeded::NotAllowed);
    assert_eq!(refused_finger(&locked, &finger().secret).await, refused);
    assert!(!vault(annas.settings()).contains("\"biometrics\":{"));
    let at_screen = locked_at(&at_screen).await;
    let standing = at_screen.standing().await.expect("the server answers");
    assert_eq!((standing.tries_left, standing.biometrics), (10, Biometrics::NotSetUp));
    assert_eq!(at_screen.asks_biometrics(), None);
    annas.reopen().await;
    assert!(!annas.session().has_biometrics().await);
    let set_up = annas.session().set_up_biometrics(PIN, finger()).await;
    assert_eq!(set_up, Err(refused));
}

fn left(tries_left: u32) -> UnlockError {
    UnlockError::WrongOffline { tries_left }
}

async fn refused_offline(locked: &LockedSession, pin: &str, secret: &[u8]) -> UnlockError {
    match locked.unlock_offline(pin, secret).await {
        Ok(_) => panic!("{pin} opens it"),
        Err(error) => error,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_store_here_is_known_by_name_only_where_the_hospital_says_so() {
    for (tenant, is_named) in [("", false), ("lock.show_names = true", true)] {
        let hospital = Hospital::with(tenant);
        let anna = hospital.account("anna");
        let mut annas = anna.first_device().await;
        let name = serde_json::json!({ "displayname": "Dr. Anna Meyer" });
        let plain = anna.plain();
        let path = format!(
            "/_matrix/client/v3/profile/{}/displayname",
            testkit::matrix::escape(anna.person().as_str())
        );
        plain.put(&path, &name).ok();
        annas.close().await;
        annas.reopen().await;
        let resident = || async {
            let found = Session::resident(annas.settings()).await.expect("nothing is damaged");
            found.expect("somebody")
        };
        if is_named {
            let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
            while resident().await.name.is_none() && tokio::time::Instant::now() < deadline {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        } else {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
        let resident = resident().await;
        assert_eq!(resident.name.as_deref(), is_named.then_some("Dr. Anna Meyer"));
        assert_eq!(resident.initials().as_deref(), is_named.then_some("AM"));
        assert!(resident.is(&anna.localpart) && resident.is(anna.person().as_str()));
        assert!(!resident.is("jonas"));
    }
}
