//! Paths in the lake repository: plain, relative, and never out of it.

use domain::{Error, Result};

/// Most bytes of one file.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Most files of one commit.
pub const MAX_FILES: usize = 10_000;

/// Most bytes read of one commit at once.
pub const MAX_READ_BYTES: u64 = 64 * 1024 * 1024;

/// Longest path, in bytes.
const MAX_PATH_BYTES: usize = 400;

/// Refuses a path that could leave the repository, or that some systems read as another one (D16).
pub fn check_path(path: &str) -> Result<()> {
    let refused = |why: &str| {
        let shown: String = path.chars().take(100).collect();
        Err(Error::invalid(format!("path {shown:?} is refused: {why}; rename it")))
    };
    if path.is_empty() || path.len() > MAX_PATH_BYTES {
        return refused("it is empty or longer than 400 bytes");
    }
    if path.chars().any(|letter| letter.is_control() || letter == '\\' || letter == ':') {
        return refused("it has a control character, a backslash or a colon");
    }
    for part in path.split('/') {
        if part.is_empty() || part == "." || part == ".." {
            return refused("it has an empty part, `.` or `..`");
        }
        if part.eq_ignore_ascii_case(".git") {
            return refused("`.git` belongs to Git");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d16_a_path_stays_in_the_repository() {
        for good in ["sluice.toml", "sources/tlc/yellow.toml", ".github/workflows/lake.yml"] {
            check_path(good).unwrap();
        }
        let long = "a".repeat(401);
        let bad = ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\\b", "c:x", "a\0b"];
        for bad in bad.into_iter().chain([".git/config", "a/.GIT/hooks/x", &long]) {
            assert!(check_path(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
