//! Uploaded samples: kept in a folder of their own for an hour, never in a zone.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use domain::environment::EnvironmentName;
use domain::{Error, ErrorKind, Result};
use futures::{Stream, StreamExt};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use app::api::samples::{MAX_SAMPLE_BYTES, UploadedSample};

/// How long a sample is kept.
const KEPT: Duration = Duration::from_secs(60 * 60);
/// Samples of an environment that are kept at the same time.
const MOST: usize = 32;
/// What a sample is called that was cut.
const CUT: &str = "cut";
/// What a sample is called that is whole.
const WHOLE: &str = "whole";

/// The uploaded samples of one environment.
#[derive(Debug, Clone)]
pub struct Samples {
    folder: PathBuf,
}

impl Samples {
    /// The samples of an environment below a data folder.
    pub fn of(data_dir: &Path, environment: &EnvironmentName) -> Self {
        Self { folder: data_dir.join("samples").join(environment.as_str()) }
    }

    /// Keeps what a stream brings, at most [`MAX_SAMPLE_BYTES`]; what comes behind is not read. An
    /// error of the stream leaves nothing behind.
    pub async fn keep<E: std::fmt::Display>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<UploadedSample> {
        tokio::fs::create_dir_all(&self.folder).await.map_err(|error| failed(&error))?;
        self.sweep().await?;
        let id = Uuid::now_v7();
        let partial = self.path(id, "partial");
        let outcome = write(&partial, body).await;
        let (bytes, is_cut) = match outcome {
            Ok(written) => written,
            Err(error) => {
                drop(tokio::fs::remove_file(&partial).await);
                return Err(error);
            }
        };
        let kept = self.path(id, if is_cut { CUT } else { WHOLE });
        tokio::fs::rename(&partial, &kept).await.map_err(|error| failed(&error))?;
        Ok(UploadedSample { id: id.to_string(), bytes, is_cut })
    }

    /// Opens a sample, and tells whether it was cut. [`ErrorKind::NotFound`] when it is not kept any
    /// more, or the id is none.
    pub async fn open(&self, id: &str) -> Result<(std::fs::File, bool)> {
        let id = parsed(id)?;
        for (state, is_cut) in [(WHOLE, false), (CUT, true)] {
            match tokio::fs::File::open(self.path(id, state)).await {
                Ok(file) => return Ok((file.into_std().await, is_cut)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        Err(gone())
    }

    /// Forgets a sample. Absent is fine.
    pub async fn remove(&self, id: &str) -> Result<()> {
        let id = parsed(id)?;
        for state in [WHOLE, CUT] {
            match tokio::fs::remove_file(self.path(id, state)).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed(&error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes samples that are past their time. [`ErrorKind::Throttled`] when too many are left.
    async fn sweep(&self) -> Result<()> {
        let (now, mut left) = (SystemTime::now(), 0);
        let mut entries = tokio::fs::read_dir(&self.folder).await.map_err(|e| failed(&e))?;
        while let Some(entry) = entries.next_entry().await.map_err(|error| failed(&error))? {
            let Ok(metadata) = entry.metadata().await else { continue };
            let age = metadata.modified().ok().and_then(|at| now.duration_since(at).ok());
            if age.is_some_and(|age| age > KEPT) {
                drop(tokio::fs::remove_file(entry.path()).await);
            } else {
                left += 1;
            }
        }
        if left < MOST {
            return Ok(());
        }
        let message = "too many samples are being looked at: wait a while, or land the file in the \
             raw zone and pick it there";
        Err(Error::new(ErrorKind::Throttled, message))
    }

    /// The id is a UUID and nothing else, so that no id leads out of the folder.
    fn path(&self, id: Uuid, state: &str) -> PathBuf {
        self.folder.join(format!("{}.{state}", id.simple()))
    }
}

async fn write<E: std::fmt::Display>(
    path: &Path,
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<(u64, bool)> {
    let mut file = tokio::fs::File::create_new(path).await.map_err(|error| failed(&error))?;
    let mut left = usize::try_from(MAX_SAMPLE_BYTES).unwrap_or(usize::MAX);
    let (mut bytes, mut is_cut) = (0, false);
    while let Some(chunk) = body.next().await {
        let mut chunk = chunk.map_err(|error| {
            Error::invalid(format!("the upload broke off ({error}): send the sample again"))
        })?;
        is_cut = chunk.len() > left;
        chunk.truncate(left);
        file.write_all(&chunk).await.map_err(|error| failed(&error))?;
        left -= chunk.len();
        bytes += chunk.len() as u64;
        if is_cut {
            break;
        }
    }
    file.flush().await.map_err(|error| failed(&error))?;
    Ok((bytes, is_cut))
}

fn parsed(id: &str) -> Result<Uuid> {
    Uuid::parse_str(id).map_err(|_| gone())
}

fn gone() -> Error {
    Error::not_found("the sample is no longer kept: drop the file again")
}

fn failed(error: &std::io::Error) -> Error {
    let message = format!("the sample cannot be kept: {error}; free some space in the data folder");
    Error::new(ErrorKind::Unavailable, message)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn stream(
        chunks: Vec<Result<Bytes, &'static str>>,
    ) -> impl Stream<Item = Result<Bytes, &'static str>> + Unpin {
        futures::stream::iter(chunks)
    }

    fn samples() -> (tempfile::TempDir, Samples) {
        let folder = tempfile::tempdir().unwrap();
        let samples = Samples::of(folder.path(), &"dev".parse().unwrap());
        (folder, samples)
    }

    #[tokio::test]
    async fn a_sample_reads_back_until_it_is_removed() {
        let (_folder, samples) = samples();
        let chunks = vec![Ok(Bytes::from_static(b"a,b\n")), Ok(Bytes::from_static(b"1,2\n"))];
        let kept = samples.keep(stream(chunks)).await.unwrap();
        assert_eq!((kept.bytes, kept.is_cut), (8, false));
        let (mut file, is_cut) = samples.open(&kept.id).await.unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), is_cut), ("a,b\n1,2\n", false));
        samples.remove(&kept.id).await.unwrap();
        assert_eq!(samples.open(&kept.id).await.unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn only_the_beginning_of_a_large_file_is_kept() {
        let (_folder, samples) = samples();
        let megabyte = Bytes::from(vec![b'x'; 1024 * 1024]);
        let kept = samples.keep(stream(vec![Ok(megabyte); 70])).await.unwrap();
        assert_eq!((kept.bytes, kept.is_cut), (MAX_SAMPLE_BYTES, true));
        assert!(samples.open(&kept.id).await.unwrap().1);
    }

    #[tokio::test]
    async fn a_broken_upload_leaves_nothing_behind() {
        let (folder, samples) = samples();
        let chunks = vec![Ok(Bytes::from_static(b"a")), Err("reset")];
        assert_eq!(samples.keep(stream(chunks)).await.unwrap_err().kind(), ErrorKind::Invalid);
        let kept = std::fs::read_dir(folder.path().join("samples/dev")).unwrap().count();
        assert_eq!(kept, 0);
    }

    #[tokio::test]
    async fn d16_no_id_leads_out_of_the_folder() {
        let (folder, samples) = samples();
        std::fs::write(folder.path().join("secret.whole"), "x").unwrap();
        for id in ["../../secret", "..%2f..%2fsecret", "/etc/passwd", "", "secret"] {
            assert_eq!(samples.open(id).await.unwrap_err().kind(), ErrorKind::NotFound, "{id}");
        }
    }
}
