//! From a blocking producer over parallel workers to an ordered stream.

use domain::{Error, Result};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Runs `work` on a blocking thread. A panic in it (a fault of a library that malformed input
/// uncovers) becomes an error of this file alone.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    joined(tokio::task::spawn_blocking(work)).await
}

/// Calls `produce` on a blocking thread until it returns `None` or fails, `work` on up to
/// `parallelism` items at the same time, and yields the results in the order of production. Each
/// stage waits for the next one; dropping the stream ends the producer.
pub(super) fn ordered<I, O>(
    parallelism: usize,
    mut produce: impl FnMut() -> Result<Option<I>> + Send + 'static,
    work: impl Fn(I) -> Result<O> + Clone + Send + 'static,
) -> impl Stream<Item = Result<O>> + Send + 'static
where
    I: Send + 'static,
    O: Send + 'static,
{
    let parallelism = parallelism.max(1);
    let (sender, items) = mpsc::channel(parallelism);
    let started = stream::once(async move {
        let producer = tokio::task::spawn_blocking(move || {
            while let Some(item) = produce()? {
                if sender.blocking_send(item).is_err() {
                    break;
                }
            }
            Ok(())
        });
        Ok::<_, Error>(results(parallelism, items, producer, work))
    });
    // After a failure nothing more is handed out.
    started.try_flatten().scan(false, |failed, item| {
        let open = !*failed;
        *failed = item.is_err();
        std::future::ready(open.then_some(item))
    })
}

fn results<I, O>(
    parallelism: usize,
    items: mpsc::Receiver<I>,
    producer: JoinHandle<Result<()>>,
    work: impl Fn(I) -> Result<O> + Clone + Send + 'static,
) -> impl Stream<Item = Result<O>> + Send + 'static
where
    I: Send + 'static,
    O: Send + 'static,
{
    let received =
        stream::unfold(
            items,
            |mut items| async move { items.recv().await.map(|item| (item, items)) },
        );
    let worked = received
        .map(move |item| {
            let work = work.clone();
            joined(tokio::task::spawn_blocking(move || work(item)))
        })
        .buffered(parallelism);
    // The producer's own failure comes after all that it produced.
    let failure = stream::once(joined(producer)).filter_map(|end| async { end.err().map(Err) });
    worked.chain(failure)
}

async fn joined<T>(handle: JoinHandle<Result<T>>) -> Result<T> {
    handle.await.unwrap_or_else(|error| {
        Err(Error::invalid(format!("the file cannot be decoded: {error}")).with_source(error))
    })
}
