//! Uploads in parts.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::FutureExt;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::durable::{blocking, io_error, put_result};
use super::staging::{Existing, StagedFile};

/// A file that grows part by part and appears when it is complete.
#[derive(Debug)]
pub(super) struct DurableUpload {
    key: String,
    target: PathBuf,
    staged: Arc<Mutex<Option<StagedFile>>>,
    offset: u64,
}

impl DurableUpload {
    pub(super) fn new(key: String, target: PathBuf, staged: StagedFile) -> Self {
        Self { key, target, staged: Arc::new(Mutex::new(Some(staged))), offset: 0 }
    }
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    /// Parts may be written in any order; each knows its place from when it was handed in.
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        use std::os::unix::fs::FileExt;
        let mut offset = self.offset;
        self.offset += data.content_length() as u64;
        let (staged, key) = (self.staged.clone(), self.key.clone());
        let written = blocking(move || {
            let staged = staged.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(staged) = staged.as_ref() else { return Err(over(&key)) };
            for part in data.iter() {
                staged.file.write_all_at(part, offset).map_err(|error| io_error(&key, error))?;
                offset += part.len() as u64;
            }
            Ok(())
        });
        written.boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let (staged, key, target) = (self.staged.clone(), self.key.clone(), self.target.clone());
        blocking(move || {
            let staged = staged.lock().unwrap_or_else(PoisonError::into_inner).take();
            let staged = staged.ok_or_else(|| over(&key))?;
            let metadata = staged
                .publish(&target, Existing::Replace)
                .map_err(|error| io_error(&key, error))?;
            Ok(put_result(&metadata))
        })
        .await
    }

    async fn abort(&mut self) -> Result<()> {
        let staged = self.staged.clone();
        blocking(move || {
            drop(staged.lock().unwrap_or_else(PoisonError::into_inner).take());
            Ok(())
        })
        .await
    }
}

fn over(key: &str) -> object_store::Error {
    object_store::Error::Precondition {
        path: key.to_owned(),
        source: "the upload was completed or aborted before".into(),
    }
}
