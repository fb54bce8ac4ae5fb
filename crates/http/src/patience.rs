//! A request's body that fails if the client goes silent within it.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep, timeout};

/// The body came to a halt.
#[derive(Debug, thiserror::Error)]
#[error("the client went silent")]
pub struct WentSilent;

/// Whether a body broke off because of that.
pub fn is_silence(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<WentSilent>())
}

/// So much of a body that nobody wanted is still taken in after the answer. Otherwise a request that was refused before its body had come
/// would cost the client its connection, without a word, and the next request on it an answer. Files and their parts are meant too.
const UNWANTED_BYTES: u64 = 16 * 1024 * 1024;

/// A body each of whose pieces must come within `patience`.
pub struct Patient<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Send,
{
    /// There until it is dropped.
    body: Option<B>,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    /// Whether all of it was read, or its reading has failed.
    ended: bool,
}

impl<B> Patient<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Send,
{
    pub fn new(body: B, patience: Duration) -> Self {
        Self { body: Some(body), patience, waiting: None, ended: false }
    }
}

impl<B> Body for Patient<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<axum::BoxError> + Send,
{
    type Data = B::Data;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, axum::BoxError>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            this.waiting = None;
            this.ended = !matches!(frame, Some(Ok(_)));
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let timer = this.waiting.get_or_insert_with(|| Box::pin(sleep(this.patience)));
        let silent = timer.as_mut().poll(cx);
        this.ended |= silent.is_ready();
        silent.map(|()| Some(Err(WentSilent.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl<B> Drop for Patient<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Send,
{
    fn drop(&mut self) {
        let Some(mut body) = self.body.take() else { return };
        let is_large = body.size_hint().lower() > UNWANTED_BYTES;
        if self.ended || is_large || body.is_end_stream() {
            return;
        }
        let patience = self.patience;
        let drain = async move {
            let mut left = UNWANTED_BYTES;
            while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                let taken = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                match left.checked_sub(taken) {
                    Some(rest) => left = rest,
                    None => return,
                }
            }
        };
        // Without a runtime the process is about to end.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(timeout(patience, drain));
        }
    }
}
