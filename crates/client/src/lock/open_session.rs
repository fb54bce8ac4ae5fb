//! What can be done with the lock of a session that is open.

use std::time::Duration;

use super::{
    UnlockError,
    keys::{self, Kdf, OpenLock},
    now_ms,
    offline::{Authenticator, Offline},
    pin::{is_digits, weakness},
    plain_client, requests,
};
use crate::session::Session;

impl Session {
    /// Changes the PIN. The earlier one is asked for, and a wrong one counts. Whenever this breaks off, one of the two opens the
    /// session at the next start: both are kept until the server has said which.
    pub async fn change_pin(
        &self,
        earlier: &str,
        new: &str,
        min_length: u32,
    ) -> Result<(), UnlockError> {
        if let Some(weakness) = weakness(new, min_length) {
            return Err(UnlockError::Weak(weakness));
        }
        let core = &self.inner.core;
        let client = plain_client(&core.settings).await?;
        let mut vault = core.vault.lock().await;
        let token = vault.header().token.clone();
        if vault.is_unsettled() {
            let holds = requests::state(&client, &token).await?.generation;
            vault.settle(holds);
        }
        let lock = vault.lock();
        let (generation, kdf) = (lock.generation, Kdf::default());
        let old = keys::derive(earlier, &lock.salt, lock.kdf)?;
        let unlocked = requests::unlock(&client, &token, &*old.verifier).await?;
        let salt = keys::new_salt();
        let derived = keys::derive(new, &salt, kdf)?;
        let secrets = || core.secrets.lock().expect("no panic while held").clone();
        if !unlocked.has_biometrics {
            core.secrets.lock().expect("no panic while held").biometrics = None;
            vault.end_biometrics();
        }
        let mut lock = OpenLock::new(generation + 1, kdf, salt, &derived, &unlocked.share);
        lock.arm(&derived, secrets().authenticator.as_ref(), &unlocked.share);
        lock.admit(secrets().biometrics.as_ref(), &unlocked.share);
        vault.add(lock);
        // While it is open which of the two holds, only the server can say so.
        vault.allow_offline(None)?;
        vault.keep(&secrets()).await?;
        let holds = requests::change(&client, &token, &*old.verifier, &*derived.verifier).await?;
        vault.settle(holds);
        vault.header_mut().digits = is_digits(new);
        vault.allow_offline(unlocked.offline)?;
        Ok(vault.keep(&secrets()).await?)
    }

    /// Has the session open without the server from now on, for the hours that the hospital allows, with the PIN and this
    /// authenticator. A wrong PIN counts.
    pub async fn set_up_offline(
        &self,
        pin: &str,
        authenticator: Authenticator,
    ) -> Result<(), UnlockError> {
        let core = &self.inner.core;
        let client = plain_client(&core.settings).await?;
        let mut vault = core.vault.lock().await;
        let token = vault.header().token.clone();
        let lock = vault.lock();
        let derived = keys::derive(pin, &lock.salt, lock.kdf)?;
        let unlocked = requests::unlock(&client, &token, &*derived.verifier).await?;
        if unlocked.offline.is_none() {
            return Err(UnlockError::NotOffline(Offline::NotSetUp));
        }
        let secrets = {
            let mut secrets = core.secrets.lock().expect("no panic while held");
            secrets.authenticator = Some(authenticator);
            secrets.clone()
        };
        vault.lock_mut().arm(&derived, secrets.authenticator.as_ref(), &unlocked.share);
        vault.allow_offline(unlocked.offline)?;
        Ok(vault.keep(&secrets).await?)
    }

    /// From now on the session opens with the server alone.
    pub async fn end_offline(&self) -> Result<(), UnlockError> {
        let core = &self.inner.core;
        let mut vault = core.vault.lock().await;
        let secrets = {
            let mut secrets = core.secrets.lock().expect("no panic while held");
            secrets.authenticator = None;
            secrets.clone()
        };
        vault.lock_mut().armed = None;
        vault.allow_offline(None)?;
        Ok(vault.keep(&secrets).await?)
    }

    /// Whether the session would open without the server.
    pub async fn offline(&self) -> Offline {
        let vault = self.inner.core.vault.lock().await;
        vault.offline().map_or(Offline::NotSetUp, |share| share.standing(now_ms()))
    }

    /// From now on finger or face may stand in for the PIN, by this authenticator and for as long as the hospital allows. A wrong PIN
    /// counts.
    pub async fn set_up_biometrics(
        &self,
        pin: &str,
        authenticator: Authenticator,
    ) -> Result<(), UnlockError> {
        let core = &self.inner.core;
        let client = plain_client(&core.settings).await?;
        let mut vault = core.vault.lock().await;
        let token = vault.header().token.clone();
        if vault.is_unsettled() {
            let holds = requests::state(&client, &token).await?.generation;
            vault.settle(holds);
        }
        let lock = vault.lock();
        let derived = keys::derive(pin, &lock.salt, lock.kdf)?;
        let second = keys::derive_from_authenticator(&authenticator.secret);
        // The server first: what lies here before it knows of it would be a wrong try.
        let unlocked =
            requests::set_up_biometrics(&client, &token, &*derived.verifier, &*second.verifier)
                .await?;
        vault.lock_mut().admit(Some(&authenticator), &unlocked.share);
        let secrets = {
            let mut secrets = core.secrets.lock().expect("no panic while held");
            secrets.biometrics = Some(authenticator);
            secrets.clone()
        };
        Ok(vault.keep(&secrets).await?)
    }

    /// From now on only the PIN opens the session. The server hears of it, now or when the PIN is typed next.
    pub async fn end_biometrics(&self) -> Result<(), UnlockError> {
        let core = &self.inner.core;
        let token = {
            let mut vault = core.vault.lock().await;
            let secrets = {
                let mut secrets = core.secrets.lock().expect("no panic while held");
                secrets.biometrics = None;
                secrets.clone()
            };
            vault.end_biometrics();
            vault.keep(&secrets).await?;
            vault.header().token.clone()
        };
        let told = requests::end_biometrics(&plain_client(&core.settings).await?, &token).await;
        if let Err(error) = told {
            tracing::warn!(%error, "The server could not be told that finger and face open nothing any more");
        }
        Ok(())
    }

    /// Whether finger or face may stand in for the PIN on this device.
    pub async fn has_biometrics(&self) -> bool {
        self.inner.core.vault.lock().await.lock().second.is_some()
    }

    /// Waits until nothing is on its way to the server any more, for a moment at most: what was just sent shall not wait for the
    /// PIN. What is still there then goes out at the next start.
    pub async fn settle(&self, at_most: Duration) {
        const STEP: Duration = Duration::from_millis(200);
        let core = &self.inner.core;
        let mut left = at_most;
        loop {
            // Also gives what is kept in the background, such as a draft, the time to get there.
            matrix_sdk::sleep::sleep(STEP.min(left)).await;
            left = left.saturating_sub(STEP);
            let waiting = core.client.state_store().load_rooms_with_unsent_requests().await;
            let is_idle = waiting.is_ok_and(|rooms| rooms.is_empty());
            if left.is_zero() || is_idle || core.connection.get().is_down() {
                return;
            }
        }
    }
}
