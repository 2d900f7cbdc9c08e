//! Keys of raw objects as paths of an object store.
//!
//! A path cannot say every key that S3 takes: `a//b`, `a/./b`, a leading slash, control characters.
//! Such a key stands in a path of its own, below [`ODD`], as hexadecimal digits; a store that knows
//! keys of all kinds reads it back with [`key_of`]. No other path is taken for one: a dataset's keys
//! begin with a letter.

use std::borrow::Cow;

use object_store::path::Path;

/// The folder of the paths that stand for odd keys.
const ODD: &str = ".key";

/// The path that a raw object lies at, whatever its key.
pub fn path_of(key: &str) -> Path {
    match Path::parse(key) {
        Ok(path) if path.as_ref() == key && !is_odd(key) => path,
        _ => {
            let digits: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
            Path::from_iter([ODD, &digits])
        }
    }
}

/// The key that a path stands for.
pub fn key_of(path: &Path) -> Cow<'_, str> {
    let text = path.as_ref();
    let odd = text.strip_prefix(ODD).and_then(|rest| rest.strip_prefix('/'));
    match odd.and_then(from_digits) {
        Some(key) => Cow::Owned(key),
        None => Cow::Borrowed(text),
    }
}

/// Whether a path stands for a key that it cannot say itself.
pub fn is_odd(path: &str) -> bool {
    path.strip_prefix(ODD).is_some_and(|rest| rest.starts_with('/'))
}

fn from_digits(digits: &str) -> Option<String> {
    let digits = digits.as_bytes();
    let value = |digit: u8| char::from(digit).to_digit(16);
    let bytes = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(value(*high)? * 16 + value(*low)?).ok(),
        _ => None,
    });
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a11_every_key_comes_back_from_its_path_as_it_was() {
        let plain = ["tlc/yellow/a b+c%20.csv", "tlc/yellow/ünï ~#?*.csv", "tlc/yellow/[x]{y}.csv"];
        for key in plain {
            assert_eq!(path_of(key).as_ref(), key);
            assert_eq!(key_of(&path_of(key)), key);
        }
        let odd = ["tlc/y//a.csv", "/tlc/y/a", "tlc/y/./a", "tlc/y/../a", "tlc/y/a\tb\u{1}", "a/"];
        for key in odd.into_iter().chain([".key/00", ".key/", ""]) {
            let path = path_of(key);
            assert!(is_odd(path.as_ref()) || key.is_empty(), "{key:?} is {path}");
            assert_eq!(key_of(&path), key, "{path}");
        }
    }
}
