//! How much room the disk of the raw zone has.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer is used again.
const FRESH: Duration = Duration::from_secs(5);

/// The free space of the disk that holds a folder.
#[derive(Debug, Clone)]
pub(super) struct FreeSpace {
    folder: PathBuf,
    last: Arc<Mutex<Option<(Instant, u64)>>>,
}

impl FreeSpace {
    pub(super) fn of(folder: PathBuf) -> Self {
        Self { folder, last: Arc::default() }
    }

    /// Whether `wanted` bytes are free. Where the system does not say, writing itself will tell.
    pub(super) async fn has(&self, wanted: u64) -> bool {
        self.bytes().await.is_none_or(|free| free >= wanted)
    }

    async fn bytes(&self) -> Option<u64> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, free)) = last.filter(|(at, _)| at.elapsed() < FRESH) {
            return Some(free);
        }
        let free = ask(&self.folder).await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), free));
        Some(free)
    }
}

/// Asks `df`, as POSIX defines its output: the standard library has no call for it.
async fn ask(folder: &std::path::Path) -> Option<u64> {
    let mut command = tokio::process::Command::new("df");
    command.arg("-Pk").arg("--").arg(folder).env("LC_ALL", "C").kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(5), command.output()).await.ok()?.ok()?;
    available(&String::from_utf8_lossy(&output.stdout))
}

/// The fourth field of the second line, in units of 1,024 bytes.
fn available(text: &str) -> Option<u64> {
    let fields: Vec<_> = text.lines().nth(1)?.split_whitespace().collect();
    // The first field, the name of the file system, may hold spaces.
    let percent = fields.iter().position(|field| field.ends_with('%'))?;
    fields.get(percent.checked_sub(1)?)?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_df_is_read() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                    /dev/my disk 263174212 60474000 35000000 64% /data of mine\n";
        assert_eq!(available(text), Some(35_000_000 * 1024));
        assert_eq!(available("df: no such folder"), None);
    }

    #[tokio::test]
    async fn a_full_disk_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let space = FreeSpace::of(folder.path().to_owned());
        assert!(space.has(1).await);
        assert!(!space.has(u64::MAX).await);
    }
}
