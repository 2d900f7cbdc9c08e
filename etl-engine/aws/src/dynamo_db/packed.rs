//! Texts that may be long, in one attribute: as they are while that leaves room in the item, else
//! compressed. A registration of 10,000 columns is longer than an item may be, and says the same over
//! and over.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Error, Result};

use super::Item;
use super::attributes::damaged;

/// Bytes up to which a text stays readable for people who look at the table.
const PLAIN: usize = 200_000;
/// Bytes that an attribute may have: an item has at most 400 KB, with names and other attributes.
const MOST: usize = 390_000;
/// More than any text that Sluice writes; what unpacks to more was made to do harm.
const MOST_UNPACKED: usize = 64 * 1024 * 1024;

/// A text as an attribute. [`domain::ErrorKind::Invalid`] when it does not fit into an item.
pub(crate) fn packed(what: &str, content: &str) -> Result<AttributeValue> {
    if content.len() <= PLAIN {
        return Ok(AttributeValue::S(content.to_owned()));
    }
    let packed = zstd::bulk::compress(content.as_bytes(), 0)
        .map_err(|error| Error::internal(format!("cannot pack {what}")).with_source(error))?;
    if packed.len() > MOST {
        return Err(Error::invalid(format!(
            "{what} has {} bytes, which is more than DynamoDB keeps: make it shorter",
            content.len()
        )));
    }
    Ok(AttributeValue::B(Blob::new(packed)))
}

/// The text of an attribute, whichever way it is kept.
pub(crate) fn packed_of(item: &Item, name: &str) -> Result<String> {
    match item.get(name) {
        Some(AttributeValue::S(content)) => Ok(content.clone()),
        Some(AttributeValue::B(packed)) => {
            let bytes = zstd::bulk::decompress(packed.as_ref(), MOST_UNPACKED);
            let bytes = bytes.map_err(|error| damaged(name, error))?;
            String::from_utf8(bytes).map_err(|error| damaged(name, error))
        }
        _ => Err(damaged(name, "it is missing or no text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(content: &str) -> (bool, String) {
        let value = packed("it", content).unwrap();
        let plain = value.is_s();
        (plain, packed_of(&Item::from([("x".to_owned(), value)]), "x").unwrap())
    }

    #[test]
    fn a_text_comes_back_as_it_was_whatever_its_length() {
        for content in ["", "SELECT 'ü'", &"column, ".repeat(25_000)] {
            assert_eq!(there_and_back(content), (true, content.to_owned()));
        }
        let long = "column ü, ".repeat(300_000);
        assert_eq!(there_and_back(&long), (false, long));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        // Digits without order do not get shorter.
        let mut state = 7_u64;
        let digits = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + u8::try_from((state >> 33) % 90).unwrap())
        });
        let error = packed("the SQL", &digits.take(800_000).collect::<String>()).unwrap_err();
        assert_eq!(error.kind(), domain::ErrorKind::Invalid);
        assert!(error.message().starts_with("the SQL has 800000 bytes"), "{error}");
    }
}
