//! What is kept up to date about the lock as long as the session is open.

use std::{sync::Arc, time::Duration};

use super::{UnlockError, plain_client, policy, requests};
use crate::{
    connection::Connection,
    session::{SessionEnd, core::Core},
};

/// How often the server is asked what may open the session beside the PIN and itself.
const ASK_AGAIN: Duration = Duration::from_secs(10 * 60);

/// Asks the server, as long as it is there, for how long the session may open without it and whether finger or face still may; and ends
/// the session if the server has closed it meanwhile: an app that was opened without the server has not asked anybody.
pub(crate) async fn keep_allowances(core: Arc<Core>) {
    let mut changes = core.connection.subscribe();
    loop {
        // Where the account was locked the sync never comes to be online.
        if core.connection.get() != Connection::Offline {
            match renew(&core).await {
                Err(UnlockError::AccountLocked) => {
                    core.ended.set(Some(SessionEnd::AccountLocked));
                    core.sync.stop().await;
                    return;
                }
                Err(error) if error != UnlockError::NoConnection => {
                    tracing::warn!(%error, "What may open the session could not be asked for");
                }
                _ => {}
            }
        }
        let pause = std::pin::pin!(matrix_sdk::sleep::sleep(ASK_AGAIN));
        let change = std::pin::pin!(changes.next());
        if let futures_util::future::Either::Left((None, _)) =
            futures_util::future::select(change, pause).await
        {
            return;
        }
    }
}

async fn renew(core: &Core) -> Result<(), UnlockError> {
    let token = {
        let vault = core.vault.lock().await;
        if vault.lock().armed.is_none() && vault.lock().second.is_none() {
            return Ok(());
        }
        vault.header().token.clone()
    };
    let said = requests::state(&plain_client(&core.settings).await?, &token).await;
    let (offline, has_biometrics) = match &said {
        Ok(said) => (said.offline, said.biometrics.is_some()),
        // Finger and face open nothing without the server.
        Err(error) if error.is_closed_by_server() => (None, true),
        Err(error) => return Err(error.clone()),
    };
    let mut vault = core.vault.lock().await;
    // While a PIN is being changed, what becomes of it decides.
    if !vault.is_unsettled() {
        vault.allow_offline(offline)?;
        let secrets = {
            let mut secrets = core.secrets.lock().expect("no panic while held");
            if !has_biometrics {
                secrets.biometrics = None;
                vault.end_biometrics();
            }
            secrets.clone()
        };
        vault.keep(&secrets).await?;
    }
    said.map(drop)
}

/// Keeps the person's name for the lock screen, as soon as it is known, where the hospital has it shown; else forgets it.
pub(crate) async fn keep_name(core: Arc<Core>) {
    let mut changes = core.me.subscribe();
    // Nobody else asks for it before there is a chat.
    let _ = core.people.person(&core, &core.own_id, None);
    let mut is_shown = None;
    loop {
        if is_shown.is_none() {
            is_shown = policy(&core.settings).await.ok().map(|policy| policy.show_names);
        }
        let me = core.me.get();
        let is_known = me.person.name != crate::people::local_part(core.own_id.as_str());
        let wanted = match is_shown {
            Some(true) if is_known => Some(Some(me.person.name)),
            Some(false) => Some(None),
            _ => None,
        };
        let mut vault = core.vault.lock().await;
        if let Some(name) = wanted
            && vault.header().person != name
        {
            vault.header_mut().person = name;
            let secrets = core.secrets.lock().expect("no panic while held").clone();
            if let Err(error) = vault.keep(&secrets).await {
                tracing::warn!(%error, "The name for the lock screen could not be kept");
            }
        }
        drop(vault);
        if changes.next().await.is_none() {
            return;
        }
    }
}
