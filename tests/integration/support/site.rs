//! A site without content: pages need its manifest alone.

use std::path::{Path, PathBuf};

/// Makes one below a folder.
pub(crate) fn empty(folder: &Path) -> PathBuf {
    let site = folder.join("site");
    std::fs::create_dir_all(site.join("assets")).unwrap();
    let manifest =
        r#"{"style":"s.css","script":"s.js","module":"m.wasm","icon":"i.svg","fonts":[]}"#;
    std::fs::write(site.join("manifest.json"), manifest).unwrap();
    site
}
