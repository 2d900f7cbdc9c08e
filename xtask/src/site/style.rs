//! The style sheet: the files that `style/main.css` imports, joined, and the fonts it names.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{Asset, read};

const FONTS: [(&str, &str); 2] = [
    ("inter.woff2", "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"),
    (
        "jetbrains-mono.woff2",
        "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
    ),
];

/// The fonts, from their npm packages.
pub(super) fn fonts(packages: &Path) -> Result<Vec<Asset>> {
    let font = |(name, path): (&str, &str)| {
        Ok(Asset { name: name.to_owned(), content: read(&packages.join(path))? })
    };
    FONTS.into_iter().map(font).collect()
}

/// All files of the style sheet, in order.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let main = folder.join("main.css");
    let text = fs::read_to_string(&main).with_context(|| format!("no {}", main.display()))?;
    let imports =
        text.lines().filter_map(|line| line.strip_prefix("@import \"")?.strip_suffix("\";"));
    Ok(imports.map(|name| folder.join(name)).collect())
}

/// Joins the files; fonts get their hashed names, which stand beside the sheet.
pub(super) fn sheet(folder: &Path, fonts: &[(String, String)]) -> Result<Asset> {
    let mut text = String::new();
    for file in files(folder)? {
        text.push_str(&without_comments(&String::from_utf8(read(&file)?)?));
    }
    for (name, hashed) in fonts {
        ensure!(text.contains(name), "the style sheet does not use the font {name}");
        text = text.replace(name, hashed);
    }
    Ok(Asset { name: "style.css".to_owned(), content: text.into_bytes() })
}

/// The text without comments and indentation.
fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .flat_map(|line| [line, "\n"])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_go() {
        assert_eq!(
            without_comments("/* a\n b */\n.x {\n    y: z; /* c */\n}\n"),
            ".x {\ny: z;\n}\n"
        );
    }
}
