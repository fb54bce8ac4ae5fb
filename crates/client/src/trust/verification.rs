//! Comparing emoji, in both directions.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, pin_mut, select};
use matrix_sdk::{
    deserialized_responses::TimelineEvent,
    encryption::verification::{
        CancelInfo, SasState, SasVerification, Verification as SdkVerification,
        VerificationRequest, VerificationRequestState,
    },
    executor::{AbortOnDrop, JoinHandleExt, spawn},
    sleep::sleep,
    timeout::timeout,
};
use matrix_sdk_base::crypto::types::requests::AnyOutgoingRequest;
use ruma::{
    MilliSecondsSinceUnixEpoch, OwnedUserId, RoomId, UserId,
    events::{
        AnySyncMessageLikeEvent, SyncMessageLikeEvent,
        key::verification::cancel::CancelCode,
        room::message::{MessageType, OriginalSyncRoomMessageEvent},
    },
};

use super::{
    Emoji, Trust, TrustError, Verification, VerificationEnd, VerificationStep, VerifyWith,
    recovery::of,
};
use crate::{ids::DeviceId, session::core::Core};

/// The comparison under way.
pub(crate) struct Flow {
    request: VerificationRequest,
    sas: Option<SasVerification>,
    _task: AbortOnDrop<()>,
}

impl Trust {
    /// Asks for a comparison of emoji. It appears in [`super::TrustView::verification`].
    pub async fn verify(&self, with: &VerifyWith) -> Result<(), TrustError> {
        let core = &self.session.inner.core;
        let user = match with {
            VerifyWith::MyOtherDevice => core.own_id.clone(),
            VerifyWith::Person(id) => {
                UserId::parse(id.as_str()).map_err(|_| TrustError::NoIdentity)?
            }
        };
        // A second tap must not begin a second comparison, which would cancel both.
        let under_way =
            core.trust.flow.lock().expect("no panic while held").as_ref().is_some_and(|flow| {
                flow.request.other_user_id() == user
                    && !flow.request.is_done()
                    && !flow.request.is_cancelled()
            });
        if under_way {
            return Ok(());
        }
        let identity = core
            .client
            .encryption()
            .request_user_identity(&user)
            .await
            .map_err(|error| of(&error))?;
        let identity = identity.ok_or(TrustError::NoIdentity)?;
        let request = identity
            .request_verification()
            .await
            .map_err(|error| TrustError::Failed(crate::trouble::kind_of(&error)))?;
        follow(core, request);
        Ok(())
    }

    /// Accepts the comparison that the other side asks for.
    pub async fn accept(&self) -> Result<(), TrustError> {
        let request = self.with_flow(|flow| flow.request.clone())?;
        request.accept().await.map_err(|error| of(&error))
    }

    /// The emoji are the same.
    pub async fn confirm(&self) -> Result<(), TrustError> {
        let sas = self.with_flow(|flow| flow.sas.clone())?.ok_or(TrustError::NoVerification)?;
        sas.confirm().await.map_err(|error| of(&error))
    }

    /// The emoji differ.
    pub async fn mismatch(&self) -> Result<(), TrustError> {
        let sas = self.with_flow(|flow| flow.sas.clone())?.ok_or(TrustError::NoVerification)?;
        sas.mismatch().await.map_err(|error| of(&error))
    }

    /// Cancels the comparison, or clears it away when it is over.
    pub async fn cancel(&self) -> Result<(), TrustError> {
        let core = &self.session.inner.core;
        let flow = core.trust.flow.lock().expect("no panic while held").take();
        core.trust.verification.set(None);
        let Some(flow) = flow else { return Ok(()) };
        if flow.request.is_done() || flow.request.is_cancelled() {
            return Ok(());
        }
        flow.request.cancel().await.map_err(|error| of(&error))
    }

    fn with_flow<T>(&self, look: impl FnOnce(&Flow) -> T) -> Result<T, TrustError> {
        let core = &self.session.inner.core;
        core.trust
            .flow
            .lock()
            .expect("no panic while held")
            .as_ref()
            .map(look)
            .ok_or(TrustError::NoVerification)
    }
}

/// Somebody asks us to compare, or another device of ours does.
pub(crate) async fn on_request(core: Arc<Core>, sender: OwnedUserId, flow_id: String) {
    let Some(request) = core.client.encryption().get_verification_request(&sender, &flow_id).await
    else {
        return;
    };
    if request.we_started() || request.is_done() || request.is_cancelled() || request.is_passive() {
        return;
    }
    let known = core
        .trust
        .flow
        .lock()
        .expect("no panic while held")
        .as_ref()
        .map(|it| it.request.flow_id().to_owned());
    if known.as_deref() == Some(request.flow_id()) {
        return;
    }
    let busy = core.trust.flow.lock().expect("no panic while held").as_ref().is_some_and(|flow| {
        !flow.request.is_done()
            && !flow.request.is_cancelled()
            && flow.request.flow_id() != request.flow_id()
    });
    if busy {
        // One comparison at a time; the other side sees that it was cancelled.
        let _ = request.cancel().await;
    } else {
        follow(&core, request);
    }
}

/// A question of another person that could only be decrypted later, or whose sender's device was not known yet: the SDK
/// passes it over, so it is handed in here. Called with the latest events of a room whenever they change.
pub(crate) async fn on_late_request(core: &Arc<Core>, room: &RoomId, events: &[TimelineEvent]) {
    const LATEST: usize = 10;
    for event in events.iter().rev().take(LATEST) {
        let Some(message) = request_in(event, core) else { continue };
        let (sender, id) = (message.sender.clone(), message.event_id.clone());
        if !core.trust.requests_seen.lock().expect("no panic while held").insert(id.clone()) {
            continue;
        }
        let encryption = core.client.encryption();
        if encryption.get_verification_request(&sender, id.as_str()).await.is_none() {
            // Only a request from a device that is known is taken.
            let _ = encryption.request_user_identity(&sender).await;
            let machine = core.base.olm_machine().await;
            let Some(machine) = machine.as_ref() else { return };
            let event =
                AnySyncMessageLikeEvent::RoomMessage(SyncMessageLikeEvent::Original(message))
                    .into_full_event(room.to_owned());
            if machine.receive_verification_event(&event).await.is_err() {
                tracing::warn!(room.id = %room, "A question to compare emoji could not be taken in");
            }
        }
        on_request(core.clone(), sender, id.to_string()).await;
    }
}

/// The question to compare in this event, if it is one to us that is not too old to be answered.
fn request_in(event: &TimelineEvent, core: &Core) -> Option<OriginalSyncRoomMessageEvent> {
    /// As long as the specification lets a request stand (client-server API, «Key verification framework»).
    const VALID_FOR_MS: u64 = 10 * 60 * 1000;
    event.encryption_info()?;
    if !event.raw().json().get().contains("m.key.verification.request") {
        return None;
    }
    let message: OriginalSyncRoomMessageEvent = event.raw().deserialize_as_unchecked().ok()?;
    let MessageType::VerificationRequest(request) = &message.content.msgtype else { return None };
    let age_ms = u64::from(MilliSecondsSinceUnixEpoch::now().get())
        .abs_diff(message.origin_server_ts.get().into());
    (request.to == core.own_id && message.sender != core.own_id && age_ms < VALID_FOR_MS)
        .then_some(message)
}

/// Follows a comparison to its end. It takes the place of an earlier one.
fn follow(core: &Arc<Core>, request: VerificationRequest) {
    let task = {
        let (core, request) = (core.clone(), request.clone());
        async move {
            let answers = answer_in_room(&core, &request).fuse();
            let comparison = run(core.clone(), request.clone()).fuse();
            pin_mut!(answers, comparison);
            select! {
                () = comparison => {}
                () = answers => {}
            }
            // The last words to the other side are still to be said.
            let _ = timeout(answers, Duration::from_secs(3)).await;
        }
    };
    let task = spawn(task).abort_on_drop();
    let flow = Flow { request, sas: None, _task: task };
    let old = core.trust.flow.lock().expect("no panic while held").replace(flow);
    drop(old);
}

/// A comparison with another person runs through the room. The SDK leaves its answers to the sync of to-device messages,
/// which may wait half a minute for the server before it looks; so they are sent from here.
async fn answer_in_room(core: &Arc<Core>, request: &VerificationRequest) {
    const EVERY: Duration = Duration::from_millis(400);
    if request.is_self_verification() {
        return std::future::pending().await;
    }
    loop {
        sleep(EVERY).await;
        let machine = core.base.olm_machine().await;
        let Some(machine) = machine.as_ref() else { continue };
        for outgoing in machine.outgoing_requests().await.unwrap_or_default() {
            let AnyOutgoingRequest::RoomMessage(message) = outgoing.request() else { continue };
            let Some(room) = core.client.get_room(&message.room_id) else { continue };
            // If the sync is faster, the server tells the second one apart by its transaction.
            let sent = room
                .send((*message.content).clone())
                .with_transaction_id(message.txn_id.clone())
                .await;
            if let Ok(sent) = sent
                && machine
                    .mark_request_as_sent(outgoing.request_id(), &sent.response)
                    .await
                    .is_err()
            {
                tracing::warn!("An answer of a comparison could not be marked as sent");
            }
        }
    }
}

async fn run(core: Arc<Core>, request: VerificationRequest) {
    let mut states = Box::pin(request.changes());
    let mut state = request.state();
    let mut device = None;
    loop {
        match state {
            VerificationRequestState::Created { .. } => {
                show(&core, &request, None, VerificationStep::WaitingForOther)
            }
            VerificationRequestState::Requested { ref other_device_data, .. } => {
                device = Some(DeviceId::new(other_device_data.device_id()));
                show(&core, &request, device.clone(), VerificationStep::AskedByOther);
            }
            VerificationRequestState::Ready { ref other_device_data, .. } => {
                device = Some(DeviceId::new(other_device_data.device_id()));
                show(&core, &request, device.clone(), VerificationStep::WaitingForOther);
                // Whoever asked begins, so that the two do not begin at the same time.
                if request.we_started() && request.start_sas().await.is_err() {
                    show(
                        &core,
                        &request,
                        device.clone(),
                        VerificationStep::Ended(VerificationEnd::Failed),
                    );
                    return;
                }
            }
            VerificationRequestState::Transitioned {
                verification: SdkVerification::SasV1(sas),
            } => {
                return compare(&core, &request, sas, device).await;
            }
            VerificationRequestState::Transitioned { .. } => {
                return show(
                    &core,
                    &request,
                    device,
                    VerificationStep::Ended(VerificationEnd::Failed),
                );
            }
            VerificationRequestState::Done => {
                return show(&core, &request, device, VerificationStep::Done);
            }
            VerificationRequestState::Cancelled(info) => {
                return show(&core, &request, device, VerificationStep::Ended(end(&info)));
            }
        }
        match states.next().await {
            Some(next) => state = next,
            None => return,
        }
    }
}

async fn compare(
    core: &Arc<Core>,
    request: &VerificationRequest,
    sas: SasVerification,
    device: Option<DeviceId>,
) {
    if let Some(flow) = core.trust.flow.lock().expect("no panic while held").as_mut() {
        flow.sas = Some(sas.clone());
    }
    let device = Some(DeviceId::new(sas.other_device().device_id())).or(device);
    let mut states = Box::pin(sas.changes());
    let mut state = sas.state();
    if !sas.we_started() && sas.accept().await.is_err() {
        return show(core, request, device, VerificationStep::Ended(VerificationEnd::Failed));
    }
    loop {
        let step = match state {
            SasState::Created { .. } | SasState::Started { .. } | SasState::Accepted { .. } => {
                VerificationStep::WaitingForOther
            }
            SasState::KeysExchanged { emojis: Some(emojis), .. } => VerificationStep::Compare {
                emoji: emojis
                    .emojis
                    .iter()
                    .zip(emojis.indices)
                    .map(|(emoji, index)| Emoji {
                        symbol: emoji.symbol.to_owned(),
                        index,
                        name: emoji.description.to_owned(),
                    })
                    .collect(),
            },
            // Every client of the last years has the emoji.
            SasState::KeysExchanged { emojis: None, .. } => {
                let _ = sas.cancel().await;
                VerificationStep::Ended(VerificationEnd::Failed)
            }
            SasState::Confirmed => VerificationStep::WaitingForConfirmation,
            SasState::Done { .. } => VerificationStep::Done,
            SasState::Cancelled(ref info) => VerificationStep::Ended(end(info)),
        };
        let is_over = matches!(step, VerificationStep::Done | VerificationStep::Ended(_));
        if step == VerificationStep::Done && !request.is_self_verification() {
            core.spawn(fetch_signed_identity(core.clone(), request.other_user_id().to_owned()));
        }
        show(core, request, device.clone(), step);
        if is_over {
            return;
        }
        match states.next().await {
            Some(next) => state = next,
            None => return,
        }
    }
}

/// Our signature goes to the server with one of the next requests of the sync, and only from there the SDK learns that
/// the person is verified.
async fn fetch_signed_identity(core: Arc<Core>, user: OwnedUserId) {
    const TRIES: usize = 15;
    for _ in 0..TRIES {
        sleep(Duration::from_secs(1)).await;
        let identity = core.client.encryption().request_user_identity(&user).await;
        if matches!(identity, Ok(Some(identity)) if identity.is_verified()) {
            return;
        }
    }
}

fn show(
    core: &Arc<Core>,
    request: &VerificationRequest,
    device: Option<DeviceId>,
    step: VerificationStep,
) {
    core.trust.verification.set_if_not_eq(Some(Verification {
        flow: request.flow_id().to_owned(),
        with: core.people.person(core, request.other_user_id(), None),
        is_own_device: request.is_self_verification(),
        device,
        step,
    }));
}

fn end(info: &CancelInfo) -> VerificationEnd {
    match info.cancel_code() {
        CancelCode::Accepted => VerificationEnd::AcceptedElsewhere,
        CancelCode::Timeout => VerificationEnd::TimedOut,
        CancelCode::MismatchedSas | CancelCode::MismatchedCommitment | CancelCode::KeyMismatch => {
            VerificationEnd::Mismatch
        }
        CancelCode::User if info.cancelled_by_us() => VerificationEnd::CancelledByUs,
        CancelCode::User => VerificationEnd::CancelledByOther,
        _ => VerificationEnd::Failed,
    }
}
