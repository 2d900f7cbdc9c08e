//! Errors of the SDK as ours, with their kind.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use domain::{Error, ErrorKind};

/// An error of a call, told as `cannot <what>: <what AWS said> (<code>, request <id>)`.
pub fn failed<E>(what: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let kind = kind_of(&error);
    let said = match error.message().filter(|text| !text.is_empty()) {
        Some(text) => text.to_owned(),
        None => unsaid(&error),
    };
    let about: Vec<_> =
        [error.code().map(str::to_owned), error.request_id().map(|id| format!("request {id}"))]
            .into_iter()
            .flatten()
            .collect();
    let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
    Error::new(kind, format!("cannot {what}: {said}{about}")).with_source(error)
}

/// What a caller may do about an error of a call.
pub fn kind_of<E>(error: &SdkError<E, HttpResponse>) -> ErrorKind
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let Some((kind, _)) = about_identity(error) {
        return kind;
    }
    match error {
        SdkError::ConstructionFailure(_) => ErrorKind::Invalid,
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            ErrorKind::Unavailable
        }
        SdkError::ServiceError(_) => {
            let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
            of_code(error.code().unwrap_or_default(), status)
        }
        _ => ErrorKind::Internal,
    }
}

/// What a caller may do about an error that an answer tells of one of its parts.
pub fn kind_of_code(code: &str) -> ErrorKind {
    of_code(code, 0)
}

/// Codes of all services together: they mean the same wherever they stand. Throttling comes first,
/// because some services answer it with 503, and some with 400.
fn of_code(code: &str, status: u16) -> ErrorKind {
    let is = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if is(&[
        "Throttl",
        "TooManyRequests",
        "TooManyUpdates",
        "SlowDown",
        "RequestLimitExceeded",
        "ProvisionedThroughput",
    ]) || status == 429
    {
        ErrorKind::Throttled
    } else if is(&["AccessDenied", "Unauthorized", "ExpiredToken", "InvalidClientTokenId"])
        || is(&[
            "SignatureDoesNotMatch",
            "UnrecognizedClient",
            "NotAuthorized",
            "AuthorizationError",
        ])
        || matches!(status, 401 | 403)
    {
        ErrorKind::Denied
    } else if is(&["NotFound", "NoSuch", "NonExistent", "DoesNotExist", "NotExist"])
        || status == 404
    {
        ErrorKind::NotFound
    } else if is(&["ConditionalCheckFailed", "PreconditionFailed", "AlreadyExists", "Conflict"])
        || is(&["ConcurrentModification", "VersionMismatch", "ResourceInUse", "Idempotent"])
        || is(&["TransactionInProgress", "OperationInProgress", "ResourceExists"])
        || matches!(status, 409 | 412)
    {
        ErrorKind::Conflict
    } else if status >= 500
        || is(&["InternalFailure", "InternalServ", "ServiceUnavailable", "Timeout"])
    {
        ErrorKind::Unavailable
    } else {
        ErrorKind::Invalid
    }
}

/// What went wrong before the call: its caller could not say who they are. The kind, and what to say.
fn about_identity<E>(error: &SdkError<E, HttpResponse>) -> Option<(ErrorKind, String)>
where
    E: std::error::Error + 'static,
{
    if !matches!(error, SdkError::DispatchFailure(_)) {
        return None;
    }
    let mut cause = std::error::Error::source(error);
    while let Some(found) = cause {
        if let Some(refused) = found.downcast_ref::<AssumeRoleError>() {
            let kind = of_code(refused.code().unwrap_or_default(), 0);
            let said = refused.message().unwrap_or("STS does not say why");
            return Some((kind, format!("the role cannot be assumed: {said}")));
        }
        if let Some(CredentialsError::CredentialsNotLoaded(_)) = found.downcast_ref() {
            let said = "no credentials of AWS were found: sign in, or name a profile or a role";
            return Some((ErrorKind::Denied, said.to_owned()));
        }
        cause = found.source();
    }
    None
}

/// What is said of an error that AWS itself said nothing about.
fn unsaid<E: ProvideErrorMetadata + std::error::Error + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> String {
    if let Some((_, said)) = about_identity(error) {
        return said;
    }
    match error {
        SdkError::TimeoutError(_) => {
            "no answer in time; whether it was done is not known".to_owned()
        }
        SdkError::DispatchFailure(failure) => {
            let why = failure.as_connector_error().map(|error| in_words(error));
            format!("AWS cannot be reached: {}", why.unwrap_or_default())
        }
        SdkError::ResponseError(_) => format!("its answer cannot be read: {}", causes(error)),
        // Answers to HEAD have no body that could explain anything.
        SdkError::ServiceError(_) => {
            let status = error.raw_response().map_or(0, |answer| answer.status().as_u16());
            format!("AWS answered {status} and said nothing more")
        }
        other => in_words(other),
    }
}

/// An error and what caused it, in the words of each. Never the whole answer: it may hold anything.
fn in_words(error: &(dyn std::error::Error + 'static)) -> String {
    match causes(error) {
        causes if causes.is_empty() => error.to_string(),
        causes => format!("{error}: {causes}"),
    }
}

fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_kept_apart() {
        let cases = [
            ("ThrottlingException", 400, ErrorKind::Throttled),
            ("SlowDown", 503, ErrorKind::Throttled),
            ("TooManyUpdates", 400, ErrorKind::Throttled),
            ("ProvisionedThroughputExceededException", 400, ErrorKind::Throttled),
            ("AccessDeniedException", 400, ErrorKind::Denied),
            ("AccessDenied", 403, ErrorKind::Denied),
            ("ExpiredToken", 400, ErrorKind::Denied),
            ("EntityNotFoundException", 400, ErrorKind::NotFound),
            ("NoSuchKey", 404, ErrorKind::NotFound),
            ("AWS.SimpleQueueService.NonExistentQueue", 400, ErrorKind::NotFound),
            ("ConditionalCheckFailedException", 400, ErrorKind::Conflict),
            ("PreconditionFailed", 412, ErrorKind::Conflict),
            ("ConcurrentModificationException", 400, ErrorKind::Conflict),
            ("InternalServerError", 500, ErrorKind::Unavailable),
            ("", 502, ErrorKind::Unavailable),
            ("ValidationException", 400, ErrorKind::Invalid),
        ];
        for (code, status, kind) in cases {
            assert_eq!(of_code(code, status), kind, "{code} {status}");
        }
    }
}
