//! Where to go after sign-in: pages of the console, and nowhere else (promise D2).

/// Longer ones are no page of ours.
const LONGEST: usize = 2_000;

/// `asked`, when it is a path of this console; the start page otherwise. What it becomes as a
/// `Location` is a path, whatever browsers make of backslashes and control characters.
pub fn local_path(asked: Option<&str>) -> String {
    asked.filter(|path| is_local(path)).unwrap_or("/").to_owned()
}

fn is_local(path: &str) -> bool {
    let mut chars = path.chars();
    path.len() <= LONGEST
        && chars.next() == Some('/')
        && !matches!(chars.next(), Some('/' | '\\'))
        && path.chars().all(|ch| ch.is_ascii_graphic() && ch != '\\')
        && !path.starts_with("/sign-in")
        && !path.starts_with("/sign-out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d2_only_paths_of_the_console_are_gone_to() {
        for local in ["/", "/dev", "/dev/runs?status=FAILED&page=2#top", "/settings/audit"] {
            assert_eq!(local_path(Some(local)), local);
        }
        for foreign in [
            "",
            "dev",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/dev\r\nSet-Cookie: a=b",
            "/a\\b",
            " /dev",
            "/sign-in/link",
            "/sign-out",
            "/ü",
        ] {
            assert_eq!(local_path(Some(foreign)), "/", "{foreign:?}");
        }
        assert_eq!(local_path(Some(&format!("/{}", "a".repeat(3_000)))), "/");
        assert_eq!(local_path(None), "/");
    }
}
