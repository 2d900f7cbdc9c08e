//! Finding delimiters, line ends and quotes, 64 bytes at a time.

/// The three characters that structure a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Specials {
    delimiter: u8,
    newline: u8,
    quote: u8,
}

impl Specials {
    /// Without a quote the delimiter stands in for it.
    pub(super) fn new(delimiter: u8, newline: u8, quote: Option<u8>) -> Self {
        Self { delimiter, newline, quote: quote.unwrap_or(delimiter) }
    }

    /// One bit for each of the 64 bytes from `start`, set where one of the characters stands. Bytes
    /// behind the end of `bytes` have none.
    #[inline(always)]
    pub(super) fn find(&self, bytes: &[u8], start: usize) -> u64 {
        match bytes.get(start..).and_then(<[u8]>::first_chunk::<64>) {
            Some(chunk) => self.find_in(chunk),
            None => {
                let mut chunk = [0; 64];
                let rest = bytes.get(start..).unwrap_or_default();
                chunk[..rest.len()].copy_from_slice(rest);
                self.find_in(&chunk) & (1_u64 << rest.len()).wrapping_sub(1)
            }
        }
    }

    /// Written so that the compiler compares many bytes in one instruction; then eight flags at a
    /// time are gathered by a multiplication that moves each one to its own bit of the top byte.
    #[inline(always)]
    fn find_in(&self, chunk: &[u8; 64]) -> u64 {
        let mut flags = [0_u8; 64];
        for (flag, byte) in flags.iter_mut().zip(chunk) {
            let special =
                (*byte == self.delimiter) | (*byte == self.newline) | (*byte == self.quote);
            *flag = u8::from(special);
        }
        let mut found = 0;
        for (index, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
            let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080);
            found |= (gathered >> 56) << (8 * index);
        }
        found
    }
}
