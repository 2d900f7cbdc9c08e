//! Bodies that must come at a certain pace.

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// How fast a body must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Longest wait for the next bytes.
    pub pause: Duration,
    /// Least bytes per second over all the time that was spent waiting, the first `pause` of it
    /// free; otherwise a byte now and then would hold a connection for ever.
    pub bytes_per_second: u32,
}

/// The body of a request. Ends in an error when the client is too slow.
#[derive(Debug)]
pub(super) struct PacedBody<B = Incoming> {
    body: B,
    pace: Pace,
    /// Runs while bytes are awaited.
    pause: Option<Pin<Box<Sleep>>>,
    waiting_since: Option<Instant>,
    waited: Duration,
    received: u64,
}

impl<B> PacedBody<B> {
    /// Watches over `body`.
    pub(super) fn new(body: B, pace: Pace) -> Self {
        let (waited, received) = (Duration::ZERO, 0);
        Self { body, pace, pause: None, waiting_since: None, waited, received }
    }

    /// Time that the client alone is answerable for; what a handler takes is not counted.
    fn end_of_wait(&mut self) {
        self.pause = None;
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
        }
    }

    fn is_too_slow(&self) -> bool {
        let counted = self.waited.saturating_sub(self.pace.pause);
        let least = counted.as_secs_f64() * f64::from(self.pace.bytes_per_second);
        (self.received as f64) < least
    }
}

impl<B> HttpBody for PacedBody<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.end_of_wait();
            if let Some(Ok(frame)) = &frame {
                this.received += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            if frame.is_some() && this.is_too_slow() {
                return Poll::Ready(Some(Err(too_slow())));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::other)));
        }
        this.waiting_since.get_or_insert_with(Instant::now);
        let pause = this.pace.pause;
        let alarm = this.pause.get_or_insert_with(|| Box::pin(sleep(pause)));
        ready!(alarm.as_mut().poll(context));
        this.pause = None;
        Poll::Ready(Some(Err(too_slow())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn too_slow() -> Error {
    Error::new(ErrorKind::TimedOut, "the body of the request came too slowly")
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use futures::{StreamExt, stream};

    use super::*;

    /// Reads `chunks` chunks of `bytes` bytes that come every `every` milliseconds.
    async fn read(chunks: usize, bytes: usize, every: u64) -> Result<Bytes, axum::Error> {
        let pace = Pace { pause: Duration::from_millis(300), bytes_per_second: 1_000 };
        let chunks = stream::repeat(vec![b'x'; bytes]).take(chunks).then(move |chunk| async move {
            sleep(Duration::from_millis(every)).await;
            Ok::<_, Error>(chunk)
        });
        let body = PacedBody::new(Body::from_stream(Box::pin(chunks)), pace);
        to_bytes(Body::new(body), usize::MAX).await
    }

    #[tokio::test]
    async fn d19_a_body_that_pauses_is_cut() {
        assert!(read(2, 1_000_000, 600).await.is_err());
        assert_eq!(read(2, 10, 20).await.unwrap().len(), 20);
    }

    #[tokio::test]
    async fn d19_a_body_that_trickles_is_cut() {
        assert!(read(1_000, 1, 10).await.is_err());
        assert_eq!(read(100, 500, 10).await.unwrap().len(), 50_000);
    }
}
