//! Names for ids, which differ each time.

/// Ids that were seen, with the name of each.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: Vec<(String, String)>,
}

impl Names {
    /// Calls an id by a name from now on, and what people see of it, which begins it.
    pub(super) fn call(&mut self, id: &str, short: usize, name: &str) {
        self.known.push((id.to_owned(), name.to_owned()));
        self.known.push((id[..short].to_owned(), name.to_owned()));
    }

    /// The name of an id, if it has one.
    pub(super) fn of(&self, id: &str) -> Option<&str> {
        self.known.iter().find(|(known, _)| known == id).map(|(_, name)| name.as_str())
    }

    /// The name of an id, which gets the next one of a kind when it has none.
    pub(super) fn name(&mut self, kind: &str, id: &str, short: usize) -> String {
        if let Some(name) = self.of(id) {
            return name.to_owned();
        }
        let prefix = format!("{kind}-");
        let of_kind = |(_, name): &&(String, String)| name.starts_with(&prefix);
        let name = format!("{prefix}{}", self.known.iter().filter(of_kind).count() / 2 + 1);
        self.call(id, short, &name);
        name
    }

    /// A text with names for ids, and `…` for what has none: change sets and times.
    pub(super) fn put(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (id, name) in &self.known {
            text = text.replace(id.as_str(), name);
        }
        text.split(' ').map(without_chance).collect::<Vec<_>>().join(" ")
    }
}

/// A word, or what of it is the same each time: no times, no ARNs of change sets, no endings of names
/// in an account.
fn without_chance(word: &str) -> String {
    let bare = word.trim_end_matches([',', ';', ':', '.']);
    let rest = &word[bare.len()..];
    let is_time = bare.len() >= 20 && bare.starts_with("20") && bare.ends_with('Z');
    if is_time || bare.starts_with("arn:") {
        return format!("…{rest}");
    }
    let is_chance =
        |ending: &str| ending.len() == 12 && ending.bytes().all(|byte| byte.is_ascii_hexdigit());
    match bare.rsplit_once('-') {
        Some((name, ending)) if is_chance(ending) => format!("{name}-…{rest}"),
        _ => word.to_owned(),
    }
}
