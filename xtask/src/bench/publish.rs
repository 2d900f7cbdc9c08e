//! Puts a table into a document, between the markers `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Replaces what stands between the markers of `section`.
pub(super) fn replace_section(path: &Path, section: &str, table: &str) -> Result<()> {
    let text = fs::read_to_string(path);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    let text = replaced(&text, section, table);
    let text = text.with_context(|| format!("{} has no section {section}", path.display()))?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn replaced(text: &str, section: &str, table: &str) -> Option<String> {
    let (open, close) = (format!("<!-- bench:{section} -->"), format!("<!-- /bench:{section} -->"));
    let (before, rest) = text.split_once(&open)?;
    let (_, after) = rest.split_once(&close)?;
    Some(format!("{before}{open}\n{table}\n{close}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_section_changes() {
        let text = "a\n<!-- bench:job -->\nold\n<!-- /bench:job -->\nb\n";
        let new = "a\n<!-- bench:job -->\nnew\n<!-- /bench:job -->\nb\n";
        assert_eq!(replaced(text, "job", "new").as_deref(), Some(new));
        assert_eq!(replaced(new, "job", "new").as_deref(), Some(new));
        assert_eq!(replaced(text, "large", "new"), None);
    }
}
