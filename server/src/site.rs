//! The console's static files: read once at start, served from memory. A request's path is a key
//! among known names and never becomes a path of the file system (promise D16).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use app::document::PageFiles;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::{Error, ErrorKind, Result};
use serde::Deserialize;

/// Where the files are served.
pub const ASSETS: &str = "/assets";

/// The static files.
#[derive(Debug, Clone)]
pub struct Site {
    assets: Arc<HashMap<String, Bytes>>,
    page: Arc<PageFiles>,
}

/// What `cargo xtask site` says it made.
#[derive(Deserialize)]
struct Manifest {
    style: String,
    script: String,
    module: String,
    loader: String,
    parts: HashMap<String, Vec<String>>,
    icon: String,
    sql_editor: String,
    fonts: Vec<String>,
}

impl Site {
    /// Reads the folder that `cargo xtask site` made.
    pub fn load(folder: &Path) -> Result<Self> {
        let missing = |error: std::io::Error| {
            let message = format!(
                "the console's files are not in {}: {error}; build them with `cargo xtask site`, or \
                 say where they are with server.site",
                folder.display()
            );
            Error::new(ErrorKind::Unavailable, message)
        };
        let manifest = std::fs::read(folder.join("manifest.json")).map_err(missing)?;
        let manifest: Manifest = serde_json::from_slice(&manifest)
            .map_err(|error| Error::invalid(format!("manifest.json of the site: {error}")))?;
        let mut assets = HashMap::new();
        for entry in std::fs::read_dir(folder.join("assets")).map_err(missing)? {
            let entry = entry.map_err(missing)?;
            let content = std::fs::read(entry.path()).map_err(missing)?;
            assets.insert(entry.file_name().to_string_lossy().into_owned(), content.into());
        }
        let address = |name: String| format!("{ASSETS}/{name}");
        let page = PageFiles {
            style: address(manifest.style),
            script: address(manifest.script),
            module: address(manifest.module),
            folder: ASSETS.to_owned(),
            loader: manifest.loader,
            parts: manifest.parts,
            icon: address(manifest.icon),
            sql_editor: address(manifest.sql_editor),
            fonts: manifest.fonts.into_iter().map(address).collect(),
        };
        Ok(Self { assets: Arc::new(assets), page: Arc::new(page) })
    }

    /// What every page loads.
    pub fn page(&self) -> &Arc<PageFiles> {
        &self.page
    }

    /// Answers a request for a file, compressed if the client takes that.
    pub fn answer(&self, name: &str, headers: &HeaderMap) -> Response {
        let Some(plain) = self.assets.get(name) else {
            return (StatusCode::NOT_FOUND, "no such file").into_response();
        };
        let (content, encoding) = self.encoded(name, headers).unwrap_or((plain, None));
        let mut response = content.clone().into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media_type(name)));
        // Names carry a hash of the content.
        let forever = header::HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(header::CACHE_CONTROL, forever);
        headers.insert(header::VARY, header::HeaderValue::from_static("accept-encoding"));
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(encoding));
        }
        response
    }

    fn encoded(&self, name: &str, headers: &HeaderMap) -> Option<(&Bytes, Option<&'static str>)> {
        let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
        let takes = |encoding: &str| {
            accepted.split(',').any(|item| item.split(';').next().map(str::trim) == Some(encoding))
        };
        let offers = [("br", "br"), ("gzip", "gz")];
        let mut offered = offers.into_iter().filter(|(encoding, _)| takes(encoding));
        offered.find_map(|(encoding, extension)| {
            Some((self.assets.get(&format!("{name}.{extension}"))?, Some(encoding)))
        })
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
