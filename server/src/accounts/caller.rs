//! Who is asking.

use domain::access::Rights;
use domain::branch::Person;

/// A person, as the sign-in provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Our id; never reused.
    pub id: String,
    /// The provider's number for them, by which people are counted.
    pub number: String,
    /// The provider's name for them, for people to read. It may change; the id does not.
    pub login: String,
    /// Their full name, if the provider knows one.
    pub name: Option<String>,
}

impl User {
    /// The person, as releases, plans and commits name them.
    pub fn person(&self) -> Person {
        Person { id: self.number.clone(), login: self.login.clone() }
    }
}

/// Through what they ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A browser session, by the hash of its secret.
    Session(String),
    /// An API token, by its id.
    Token(String),
    /// The command line of the machine that holds the lake.
    CommandLine,
}

/// Who is asking, through what, and all that they may do. Made for each request from the database,
/// so that a change of roles is effective at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person.
    pub user: User,
    /// What they may do.
    pub rights: Rights,
    /// Session, token or command line.
    pub via: Via,
}

impl Caller {
    /// The name that goes to run ledger and audit log.
    pub fn login(&self) -> &str {
        &self.user.login
    }

    /// The person, as releases, plans and commits name them.
    pub fn person(&self) -> Person {
        self.user.person()
    }
}
