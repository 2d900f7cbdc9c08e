//! Where the reader is and who they are: the environment in the address, and their rights.

use domain::access::{Permission, Rights};
use domain::environment::EnvironmentName;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::api::me::Me;

/// Id of the element that carries [`Me`] from the server to the browser, as JSON.
pub const ME_ELEMENT: &str = "me";

/// Gives all components [`Me`]: from the request on the server, from the document in the browser.
pub(crate) fn provide_me() {
    #[cfg(not(feature = "ssr"))]
    provide_context(StoredMe(StoredValue::new(crate::client::me_of_document())));
    #[cfg(feature = "ssr")]
    provide_context(StoredMe(StoredValue::new(use_context::<Me>().unwrap_or_default())));
}

#[derive(Clone, Copy)]
struct StoredMe(StoredValue<Me>);

/// Who is signed in; an empty one before sign-in.
pub fn use_me() -> Me {
    use_context::<StoredMe>().map(|me| me.0.get_value()).unwrap_or_default()
}

/// What the reader may do.
pub fn use_rights() -> Rights {
    use_me().rights
}

/// Whether the reader may do `permission` in the environment of the address. Follows the address.
pub fn may(permission: Permission) -> Memo<bool> {
    let (rights, environment) = (use_rights(), use_environment());
    Memo::new(move |_| {
        let name = environment.get().parse::<EnvironmentName>().ok();
        rights.allow(permission, name.as_ref())
    })
}

/// The environment in the address; outside of one (settings) the first that there is.
pub fn use_environment() -> Memo<String> {
    let (me, path) = (use_me(), use_location().pathname);
    Memo::new(move |_| {
        let path = path.get();
        let first = path.split('/').nth(1).unwrap_or_default();
        let known = me.environments.iter().find(|name| name.as_str() == first);
        known.or(me.environments.first()).map(ToString::to_string).unwrap_or_default()
    })
}

/// The path of the API for something in the environment of the address, for example
/// `in_environment("dev", "/runs")`.
pub fn in_environment(environment: &str, rest: &str) -> String {
    format!("/api/v1/environments/{environment}{rest}")
}
