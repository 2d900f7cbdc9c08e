//! Where a CSV record ends: the exact rules, used both to cut blocks and to index records.
//!
//! A fault of quoting costs the physical line on which the record starts and nothing more: reading
//! goes on at the next line, so that one stray quote never swallows the rows behind it.

use domain::rejected::RejectReason;
use domain::source::{CsvDialect, LineEnding};
use memchr::{memchr, memchr_iter, memchr2};

/// A dialect as bytes.
#[derive(Debug, Clone)]
pub(in super::super) struct Scanner {
    pub(in super::super) delimiter: u8,
    pub(in super::super) quote: Option<u8>,
    /// Only when it differs from the quote.
    pub(in super::super) escape: Option<u8>,
    pub(in super::super) comment: Option<u8>,
    pub(in super::super) newline: u8,
    pub(in super::super) max_record: usize,
}

/// What stands at a position where a record may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Scanned {
    /// A record up to `end` (without its line end); the next one may start at `next`.
    Record { end: usize, next: usize },
    /// A blank line or a comment.
    Nothing { next: usize },
    /// Text up to `end` that is no record.
    Fault { reason: RejectReason, end: usize, next: usize },
    /// It depends on text behind the end.
    Incomplete,
}

/// Receives the fields of a record in order.
pub(in super::super) trait FieldSink {
    /// Unquoted text from `from` to `to`, which is a delimiter's place or the end of the record.
    /// Delimiters inside it end fields, and so does its end, unless a delimiter stands just there.
    fn unquoted(&mut self, text: &[u8], from: usize, to: usize);
    /// A quoted field whose closing quote stands before `end`.
    fn quoted(&mut self, end: usize, escaped: bool);
}

/// Receives nothing: only the record's end is wanted.
pub(in super::super) struct NoFields;

impl FieldSink for NoFields {
    fn unquoted(&mut self, _: &[u8], _: usize, _: usize) {}
    fn quoted(&mut self, _: usize, _: bool) {}
}

impl Scanner {
    pub(in super::super) fn new(dialect: &CsvDialect) -> Self {
        let byte = |ch: char| u8::try_from(ch).unwrap_or(b'?');
        let quote = dialect.quote.map(byte);
        Self {
            delimiter: byte(dialect.delimiter),
            quote,
            escape: dialect.escape.map(byte).filter(|escape| Some(*escape) != quote),
            comment: dialect.comment.map(byte),
            newline: match dialect.line_ending {
                LineEnding::Lf => b'\n',
                LineEnding::Cr => b'\r',
            },
            max_record: dialect.max_record_bytes as usize,
        }
    }

    /// Lines as records: no quotes, no comments. For JSON lines.
    pub(in super::super) fn lines(max_record: usize) -> Self {
        Self {
            delimiter: b'\n',
            quote: None,
            escape: None,
            comment: None,
            newline: b'\n',
            max_record,
        }
    }

    /// Reads what starts at `start`. `last` says that nothing follows `text`, so that its end ends a
    /// record. On a fault the sink may have received fields, which the caller drops.
    pub(in super::super) fn scan(
        &self,
        text: &[u8],
        start: usize,
        last: bool,
        sink: &mut impl FieldSink,
    ) -> Scanned {
        if self.comment.is_some() && text.get(start) == self.comment.as_ref() {
            return match self.line_end(text, start, last) {
                Some((_, next)) => Scanned::Nothing { next },
                None => Scanned::Incomplete,
            };
        }
        let limit = start.saturating_add(self.max_record);
        let mut at = start;
        loop {
            if at < limit && self.quote.is_some() && text.get(at) == self.quote.as_ref() {
                match self.quoted_field(text, at, limit, last) {
                    Quoted::Then { end, escaped, next } => {
                        sink.quoted(end, escaped);
                        match next {
                            AfterQuote::Field(next) => at = next,
                            AfterQuote::Record(next) => return self.ended(start, end, next),
                        }
                    }
                    Quoted::Unknown => return Scanned::Incomplete,
                    Quoted::Bad => return self.bad_line(text, start, last),
                }
            } else if let Some(quote) = self.next_quoted_field(text, at, limit) {
                sink.unquoted(text, at, quote - 1);
                at = quote;
            } else {
                let Some((end, next)) = self.line_end(text, at, last) else {
                    return Scanned::Incomplete;
                };
                if end == start {
                    return Scanned::Nothing { next };
                }
                sink.unquoted(text, at, end);
                return self.ended(start, end, next);
            }
        }
    }

    /// End (without line end) and successor of the physical line that holds `from`.
    pub(in super::super) fn line_end(
        &self,
        text: &[u8],
        from: usize,
        last: bool,
    ) -> Option<(usize, usize)> {
        let (end, next) = match memchr(self.newline, &text[from..]) {
            Some(offset) => (from + offset, from + offset + 1),
            None if last => (text.len(), text.len()),
            None => return None,
        };
        let carriage_return = self.newline == b'\n' && end > from && text[end - 1] == b'\r';
        Some((end - usize::from(carriage_return), next))
    }

    fn ended(&self, start: usize, end: usize, next: usize) -> Scanned {
        if end - start > self.max_record {
            return Scanned::Fault { reason: RejectReason::TooLong, end, next };
        }
        Scanned::Record { end, next }
    }

    fn bad_line(&self, text: &[u8], start: usize, last: bool) -> Scanned {
        let Some((end, next)) = self.line_end(text, start, last) else {
            return Scanned::Incomplete;
        };
        let too_long = end - start > self.max_record;
        let reason = if too_long { RejectReason::TooLong } else { RejectReason::BadQuoting };
        Scanned::Fault { reason, end, next }
    }

    /// The place of the first quote that opens a field before the record ends. A quote elsewhere is
    /// literal text, and beyond `limit` the record is too long whatever it holds.
    fn next_quoted_field(&self, text: &[u8], from: usize, limit: usize) -> Option<usize> {
        let quote = self.quote?;
        let mut at = from;
        loop {
            let found = at + memchr2(quote, self.newline, text.get(at..)?)?;
            if text[found] == self.newline || found >= limit {
                return None;
            }
            if found > from && text[found - 1] == self.delimiter {
                return Some(found);
            }
            at = found + 1;
        }
    }

    /// Reads the quoted field that opens at `open`.
    fn quoted_field(&self, text: &[u8], open: usize, limit: usize, last: bool) -> Quoted {
        let Some((close, escaped)) = self.closing_quote(text, open + 1, limit) else {
            let decided = last || text.len() >= limit;
            return if decided { Quoted::Bad } else { Quoted::Unknown };
        };
        let end = close + 1;
        let then = |next| Quoted::Then { end, escaped, next };
        match text.get(end) {
            None if last => then(AfterQuote::Record(end)),
            None => Quoted::Unknown,
            Some(byte) if *byte == self.delimiter => then(AfterQuote::Field(end + 1)),
            Some(byte) if *byte == self.newline => then(AfterQuote::Record(end + 1)),
            Some(b'\r') if self.newline == b'\n' => match text.get(end + 1) {
                Some(b'\n') => then(AfterQuote::Record(end + 2)),
                None if last => then(AfterQuote::Record(end + 1)),
                None => Quoted::Unknown,
                Some(_) => Quoted::Bad,
            },
            Some(_) => Quoted::Bad,
        }
    }

    /// Place of the quote that closes a field, before `limit`, and whether the field holds doubled
    /// quotes or escapes.
    fn closing_quote(&self, text: &[u8], from: usize, limit: usize) -> Option<(usize, bool)> {
        let quote = self.quote?;
        let until = limit.min(text.len());
        let (mut at, mut escaped) = (from, false);
        loop {
            let rest = text.get(at..until)?;
            let found = at + memchr2(quote, self.escape.unwrap_or(quote), rest)?;
            let doubled = text[found] == quote && text.get(found + 1) == Some(&quote);
            if text[found] == quote && !doubled {
                return Some((found, escaped));
            }
            escaped = true;
            at = found + 2;
        }
    }
}

enum Quoted {
    Then { end: usize, escaped: bool, next: AfterQuote },
    Unknown,
    Bad,
}

enum AfterQuote {
    Field(usize),
    Record(usize),
}

/// Ends of the fields in unquoted text, see [`FieldSink::unquoted`].
pub(in super::super) fn field_ends(
    text: &[u8],
    delimiter: u8,
    from: usize,
    to: usize,
) -> impl Iterator<Item = usize> {
    let inner = memchr_iter(delimiter, &text[from..to]).map(move |offset| from + offset);
    inner.chain(std::iter::once(to))
}
