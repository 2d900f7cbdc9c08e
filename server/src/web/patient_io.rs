//! A connection that gives up on a client that takes nothing.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream whose writes fail when nothing could be written for some time. Reads are not timed here:
/// heads and bodies have their own times.
#[derive(Debug)]
pub(super) struct PatientIo<T> {
    stream: T,
    patience: Duration,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<T> PatientIo<T> {
    /// Waits at most `patience` for every write.
    pub(super) fn new(stream: T, patience: Duration) -> Self {
        Self { stream, patience, alarm: None }
    }

    /// Turns a wait that is too long into an error.
    fn timed<R>(&mut self, context: &mut Context<'_>, poll: Poll<Result<R>>) -> Poll<Result<R>> {
        if poll.is_ready() {
            self.alarm = None;
            return poll;
        }
        let patience = self.patience;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(patience)));
        match alarm.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client takes nothing")))
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for PatientIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for PatientIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.timed(context, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        self.timed(context, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_shutdown(context);
        self.timed(context, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.timed(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(500);

    #[tokio::test]
    async fn d19_a_client_that_takes_nothing_is_given_up() {
        let (server, _client) = duplex(16);
        let mut server = PatientIo::new(server, PATIENCE);
        server.write_all(&[0; 16]).await.unwrap();
        let error = server.write_all(&[0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_is_merely_slow_gets_everything() {
        let (server, mut client) = duplex(16);
        let mut server = PatientIo::new(server, PATIENCE);
        let writing = tokio::spawn(async move { server.write_all(&[0; 160]).await });
        let mut taken = [0; 16];
        for _ in 0..10 {
            sleep(PATIENCE / 5).await;
            client.read_exact(&mut taken).await.unwrap();
        }
        assert!(writing.await.unwrap().is_ok());
    }
}
