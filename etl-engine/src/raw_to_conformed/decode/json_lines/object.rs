//! Reading one JSON object without building a tree of it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A top-level key as it is met.
pub(crate) type Key<'a> = Cow<'a, str>;

/// Reads one JSON object: `wanted` is asked for each key in order, and `found` gets the text of
/// each wanted value with what `wanted` returned. The error says where the line is not JSON.
pub(crate) fn read_object<'a, T>(
    line: &'a [u8],
    wanted: impl FnMut(Key<'a>) -> Option<T>,
    found: impl FnMut(T, &'a RawValue),
) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    deserializer.deserialize_map(ObjectVisitor { wanted, found })?;
    deserializer.end()
}

struct ObjectVisitor<W, F> {
    wanted: W,
    found: F,
}

impl<'de, T, W, F> Visitor<'de> for ObjectVisitor<W, F>
where
    W: FnMut(Key<'de>) -> Option<T>,
    F: FnMut(T, &'de RawValue),
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(BorrowedKey(key)) = map.next_key()? {
            match (self.wanted)(key) {
                Some(target) => (self.found)(target, map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A key that is copied only when it holds escapes.
struct BorrowedKey<'a>(Key<'a>);

impl<'de> serde::Deserialize<'de> for BorrowedKey<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = BorrowedKey<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<BorrowedKey<'de>, E> {
        Ok(BorrowedKey(Cow::Borrowed(key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<BorrowedKey<'de>, E> {
        Ok(BorrowedKey(Cow::Owned(key.to_owned())))
    }
}
