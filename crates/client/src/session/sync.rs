//! Staying in sync with the server, and sending what waits.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use eyeball::SharedObservable;
use futures_util::{FutureExt, StreamExt, pin_mut, select, stream};
use matrix_sdk::{SessionChange, sleep::sleep};
use matrix_sdk_ui::{encryption_sync_service, room_list_service, sync_service};
use ruma::api::error::ErrorKind;
use tokio::sync::broadcast::error::RecvError;

use super::{SessionEnd, core::Core};
use crate::{
    Connection, broadcast::outbox, chat::responses, files, large, live::BoxedForTarget, network,
    version,
};

/// Runs the SDK's sync and starts it again when it ends, with growing pauses. (The SDK's own offline mode asks the server
/// without a pause in the browser.)
pub(super) async fn keep_in_sync(core: Arc<Core>) {
    let network = network::watch();
    let mut failures = 0_u32;
    loop {
        wait_for_network(&core, &network).await;
        core.sync.start().await;
        let answered = run(&core, &network).await;
        core.nobody_types();
        if answered {
            failures = 0;
        }
        if core.ended.get().is_some() {
            core.connection.set_if_not_eq(Connection::Offline);
            return;
        }
        // Signed out, or about to be; where that fails, it goes on.
        while core.is_leaving.load(Ordering::SeqCst) {
            sleep(LOOK_AGAIN).await;
        }
        if !network.get() {
            continue;
        }
        let pause = pause_after(failures, rand::random());
        failures = failures.saturating_add(1);
        // The first failure is most often an ended session of the sync, which is no news for anybody.
        if failures > 1 {
            let next_try_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            core.connection.set_if_not_eq(Connection::Reconnecting { next_try_in_ms });
        }
        let mut retry = core.retry.subscribe();
        let mut network_changes = network.subscribe();
        select! {
            () = sleep(pause).fuse() => {}
            _ = retry.next().fuse() => failures = 0,
            _ = network_changes.next().fuse() => failures = 0,
        }
    }
}

/// How soon it is seen that signing out has failed.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Pause before the next try: 0.5 s, 1 s, 2 s … 15 s, stretched by up to a half so that a hospital's thousand devices do
/// not come back at the same moment. `chance` is random.
fn pause_after(failures: u32, chance: u16) -> Duration {
    let base_ms = (500_u64 << failures.min(6)).min(15_000);
    Duration::from_millis(base_ms + base_ms * u64::from(chance) / u64::from(u16::MAX) / 2)
}

async fn wait_for_network(core: &Core, network: &SharedObservable<bool>) {
    let mut changes = network.subscribe();
    while !network.get() {
        core.connection.set_if_not_eq(Connection::Offline);
        if changes.next().await.is_none() {
            return;
        }
    }
}

/// Until the sync ends. Tells whether the server has answered at all.
async fn run(core: &Arc<Core>, network: &SharedObservable<bool>) -> bool {
    enum Event {
        List(room_list_service::State),
        Sync(sync_service::State),
        Network(bool),
    }
    let list_service = core.sync.room_list_service();
    let mut answered = false;
    let events = stream::select_all([
        list_service.state().map(Event::List).boxed_for_target(),
        core.sync.state().map(Event::Sync).boxed_for_target(),
        network.subscribe().map(Event::Network).boxed_for_target(),
        stream::iter([Event::Sync(core.sync.state().get())]).boxed_for_target(),
    ]);
    pin_mut!(events);
    while let Some(event) = events.next().await {
        match event {
            Event::List(
                room_list_service::State::SettingUp
                | room_list_service::State::Recovering
                | room_list_service::State::Running,
            ) => {
                let was_online = core.connection.get() == Connection::Online;
                answered = true;
                core.connection.set_if_not_eq(Connection::Online);
                if !was_online {
                    back_online(core).await;
                }
            }
            Event::List(_) | Event::Network(true) => {}
            Event::Network(false) => {
                core.connection.set_if_not_eq(Connection::Offline);
                core.sync.stop().await;
                return answered;
            }
            Event::Sync(sync_service::State::Running) => {}
            Event::Sync(sync_service::State::Error(error)) => {
                tracing::warn!(error = kind(&error), "The sync ended");
                return answered || has_expired(&error);
            }
            Event::Sync(_) => return answered,
        }
    }
    answered
}

/// Whether the server has answered that it no longer knows the connection, as it does after a restart. It is back then, and nobody waits
/// any longer for it.
fn has_expired(error: &sync_service::Error) -> bool {
    let (sync_service::Error::RoomList(room_list_service::Error::SlidingSync(error))
    | sync_service::Error::EncryptionSync(encryption_sync_service::Error::SlidingSync(error))) =
        error
    else {
        return false;
    };
    let kind = error.client_api_error_kind();
    // The app then says so over everything; the sync goes on trying.
    kind.is_some_and(|kind| !version::is_refusal(kind) && *kind == ErrorKind::UnknownPos)
}

fn kind(error: &sync_service::Error) -> &'static str {
    match error {
        sync_service::Error::RoomList(_) => "room list",
        sync_service::Error::EncryptionSync(_) => "encryption",
        _ => "other",
    }
}

/// What has waited for the server.
async fn back_online(core: &Arc<Core>) {
    core.client.send_queue().set_enabled(true).await;
    responses::flush(core);
    outbox::flush(core);
    large::outbox::flush(core);
    files::flush(core);
    core.people.refresh(core);
}

/// Lets the send queue go on after a failure, and has the keys of what was sent backed up at once, so that closing the tab
/// loses nothing.
pub(super) async fn keep_sending(core: Arc<Core>) {
    let queue = core.client.send_queue();
    let mut errors = queue.subscribe_errors();
    let mut updates = queue.subscribe();
    loop {
        select! {
            error = errors.recv().fuse() => match error {
                Ok(error) if error.is_recoverable => {
                    let core = core.clone();
                    core.clone().spawn(async move {
                        sleep(RETRY_SENDING_AFTER).await;
                        // While offline `back_online` does it.
                        if core.connection.get() == Connection::Online {
                            core.client.send_queue().set_enabled(true).await;
                        }
                    });
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            update = updates.recv().fuse() => match update {
                Ok(update) => {
                    core.room_changed(&update.room_id);
                    if matches!(update.update, matrix_sdk::send_queue::RoomSendQueueUpdate::SentEvent { .. }) {
                        crate::trust::back_up_soon(&core);
                        files::flush(&core);
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

const RETRY_SENDING_AFTER: Duration = Duration::from_secs(3);

/// Keeps refreshed tokens, and notices when the server ends the session.
pub(super) async fn watch_token(core: Arc<Core>) {
    let mut changes = core.client.subscribe_to_session_changes();
    loop {
        match changes.recv().await {
            Ok(SessionChange::UnknownToken(error)) => {
                let end = if error.soft_logout {
                    SessionEnd::LoginNeededAgain
                } else {
                    SessionEnd::LoggedOutByServer
                };
                if !core.is_leaving.load(Ordering::SeqCst) {
                    core.ended.set(Some(end));
                }
                core.sync.stop().await;
            }
            Ok(SessionChange::TokensRefreshed) => {
                let Some(tokens) = core.client.session_tokens() else { continue };
                let secrets = {
                    let mut secrets = core.secrets.lock().expect("no panic while held");
                    secrets.access_token = tokens.access_token;
                    secrets.refresh_token = tokens.refresh_token;
                    secrets.clone()
                };
                if let Err(error) = core.vault.lock().await.keep(&secrets).await {
                    tracing::error!(%error, "The refreshed session could not be kept");
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_quarter_of_a_minute_and_are_spread() {
        let seconds: Vec<f64> = (0..8).map(|n| pause_after(n, 0).as_secs_f64()).collect();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]);
        assert_eq!(pause_after(6, u16::MAX).as_secs_f64(), 22.5);
    }
}
