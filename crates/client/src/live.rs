//! Values that change over time.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use eyeball::{SharedObservable, Subscriber};
use futures_util::{Stream, StreamExt};

/// A value that changes over time: look at it with [`get`](Self::get), wait for the next with [`next`](Self::next).
///
/// Only the latest value is kept, so a slow reader skips what is already out of date. The stream ends when the source
/// is gone (the chat was closed, the session ended).
#[derive(Debug)]
pub struct Live<T> {
    subscriber: Subscriber<T>,
    /// Held where the source is done at some time: its last value would be lost with it.
    source: Option<SharedObservable<T>>,
}

impl<T: Clone + 'static> Live<T> {
    pub(crate) fn of(source: &SharedObservable<T>) -> Self {
        Self { subscriber: source.subscribe(), source: None }
    }

    /// Of something that is done at some time: does not end, so that the last value is there to be read.
    pub(crate) fn to_the_last(source: SharedObservable<T>) -> Self {
        Self { subscriber: source.subscribe(), source: Some(source) }
    }

    /// The value now. A following [`next`](Self::next) waits for a later one.
    pub fn get(&mut self) -> T {
        self.subscriber.next_now()
    }

    /// The value now, leaving [`next`](Self::next) untouched.
    pub fn peek(&self) -> T {
        self.subscriber.get()
    }

    /// Waits until the value changes; `None` when it cannot change any more.
    pub async fn next(&mut self) -> Option<T> {
        StreamExt::next(&mut self.subscriber).await
    }
}

impl<T: Clone + 'static> Stream for Live<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.subscriber.poll_next_unpin(cx)
    }
}

impl<T: Clone + 'static> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self { subscriber: self.subscriber.clone(), source: self.source.clone() }
    }
}

/// Boxed streams are `Send` natively and cannot be in the browser.
pub(crate) trait BoxedForTarget: Stream + Sized {
    #[cfg(not(target_family = "wasm"))]
    fn boxed_for_target<'a>(self) -> futures_util::stream::BoxStream<'a, Self::Item>
    where
        Self: Send + 'a,
    {
        self.boxed()
    }
    #[cfg(target_family = "wasm")]
    fn boxed_for_target<'a>(self) -> futures_util::stream::LocalBoxStream<'a, Self::Item>
    where
        Self: 'a,
    {
        self.boxed_local()
    }
}
impl<S: Stream> BoxedForTarget for S {}
