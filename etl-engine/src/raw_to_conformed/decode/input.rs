//! The bytes of a raw object, as a blocking reader.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use bytes::{Buf, Bytes};
use domain::{Error, ErrorKind, Result};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::mpsc;

/// Chunks of a stream that may wait for the reader.
const CHUNKS_AHEAD: usize = 4;

/// The bytes of a raw object as the store hands them out.
pub enum RawBytes {
    /// A local file, read from where it stands.
    File(File),
    /// Chunks in order; errors are the store's.
    Stream(BoxStream<'static, Result<Bytes>>),
}

impl std::fmt::Debug for RawBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File(_) => "RawBytes::File",
            Self::Stream(_) => "RawBytes::Stream",
        })
    }
}

/// A blocking reader over raw bytes. Its errors carry a [`domain::Error`], see [`domain_error`].
pub(super) type RawReader = Box<dyn Read + Send>;

impl RawBytes {
    /// Reads the bytes from a blocking thread of the current runtime.
    pub(super) fn into_reader(self) -> RawReader {
        match self {
            Self::File(file) => Box::new(FileReader(file)),
            Self::Stream(stream) => Box::new(StreamReader::new(stream)),
        }
    }
}

/// Raw bytes in a local file, which can be read more than once.
#[derive(Debug)]
pub(crate) struct Spooled(File);

impl Spooled {
    /// Makes the bytes a local file; a stream is written to a temporary one that vanishes with the
    /// last handle. Blocks.
    pub(crate) fn new(bytes: RawBytes) -> Result<Self> {
        match bytes {
            RawBytes::File(file) => Ok(Self(file)),
            stream @ RawBytes::Stream(_) => {
                let mut file = unlinked_file().map_err(|error| unavailable("spool", error))?;
                io::copy(&mut stream.into_reader(), &mut file).map_err(domain_error)?;
                file.flush().map_err(|error| unavailable("spool", error))?;
                Ok(Self(file))
            }
        }
    }

    /// The bytes from their beginning. One reader at a time: they share their position.
    pub(crate) fn rewound(&self) -> Result<RawBytes> {
        self.file().map(RawBytes::File)
    }

    /// The file, at its beginning.
    pub(crate) fn file(&self) -> Result<File> {
        let mut file = self.0.try_clone().map_err(|error| unavailable("reopen", error))?;
        file.seek(SeekFrom::Start(0)).map_err(|error| unavailable("rewind", error))?;
        Ok(file)
    }
}

/// The domain error of a failed read: the store's own where there is one; all other errors come from
/// decompression, so that the file itself is at fault.
pub(super) fn domain_error(error: io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(inner) => inner.clone(),
        None => Error::invalid(format!(
            "the file is damaged or cut short ({error}): deliver it again; nothing of it was used"
        ))
        .with_source(error),
    }
}

struct FileReader(File);

impl Read for FileReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buf) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => {
                    return other.map_err(|error| io::Error::other(unavailable("read", error)));
                }
            }
        }
    }
}

/// Chunks that an asynchronous task hands to a blocking reader.
struct StreamReader {
    chunks: mpsc::Receiver<Result<Bytes>>,
    current: Bytes,
}

impl StreamReader {
    fn new(mut stream: BoxStream<'static, Result<Bytes>>) -> Self {
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
        tokio::spawn(async move {
            while let Some(chunk) = stream.next().await {
                if sender.send(chunk).await.is_err() {
                    break;
                }
            }
        });
        Self { chunks, current: Bytes::new() }
    }
}

impl Read for StreamReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                None => return Ok(0),
                Some(chunk) => self.current = chunk.map_err(io::Error::other)?,
            }
        }
        let count = self.current.len().min(buf.len());
        self.current.copy_to_slice(&mut buf[..count]);
        Ok(count)
    }
}

fn unavailable(action: &str, error: io::Error) -> Error {
    let message = format!("cannot {action} the raw file: {error}");
    Error::new(ErrorKind::Unavailable, message).with_source(error)
}

/// A temporary file without a name, so that nothing is left behind whatever happens.
fn unlinked_file() -> io::Result<File> {
    let mut attempt = 0_u32;
    loop {
        let name = format!("sluice-spool-{}-{attempt}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let opened = File::options().read(true).write(true).create_new(true).open(&path);
        match opened {
            Ok(file) => return std::fs::remove_file(&path).map(|()| file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}
