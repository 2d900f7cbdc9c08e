//! The text of a file as UTF-8: byte order mark skipped, Windows-1252 transcoded.

use std::io::Read;

use domain::source::Encoding;
use domain::{Error, Result};

use super::input::{RawReader, domain_error};

const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// A source of UTF-8 text (as far as the file keeps to its encoding).
pub(super) struct TextSource {
    reader: RawReader,
    encoding: Encoding,
    scratch: Vec<u8>,
    at_start: bool,
}

impl TextSource {
    pub(super) fn new(reader: RawReader, encoding: Encoding) -> Self {
        Self { reader, encoding, scratch: Vec::new(), at_start: true }
    }

    /// Appends about `count` bytes to `text`. Returns whether that was the end of the file.
    pub(super) fn append(&mut self, text: &mut Vec<u8>, count: usize) -> Result<bool> {
        // Room for a byte order mark and at least one character, so that progress is certain.
        let count = count.max(16);
        if self.at_start || self.encoding == Encoding::Windows1252 {
            return self.append_converted(text, count);
        }
        let read = (&mut self.reader).take(count as u64).read_to_end(text).map_err(domain_error)?;
        Ok(read < count)
    }

    fn append_converted(&mut self, text: &mut Vec<u8>, count: usize) -> Result<bool> {
        let mut raw = std::mem::take(&mut self.scratch);
        raw.clear();
        let read =
            (&mut self.reader).take(count as u64).read_to_end(&mut raw).map_err(domain_error)?;
        let mut bytes = raw.as_slice();
        if std::mem::take(&mut self.at_start) {
            refuse_utf16(bytes)?;
            bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        }
        match self.encoding {
            Encoding::Utf8 => text.extend_from_slice(bytes),
            Encoding::Windows1252 => {
                let (decoded, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
                text.extend_from_slice(decoded.as_bytes());
            }
        }
        self.scratch = raw;
        Ok(read < count)
    }
}

/// UTF-16 would otherwise be read as one column full of NUL characters.
fn refuse_utf16(first: &[u8]) -> Result<()> {
    if first.starts_with(&[0xff, 0xfe]) || first.starts_with(&[0xfe, 0xff]) {
        return Err(Error::invalid("the file is UTF-16: deliver it as UTF-8 or Windows-1252"));
    }
    Ok(())
}
