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
    if let Some((kind, _)) = before_the_call(error) {
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

/// Why a provider gave no credentials, for who signs requests without the SDK. Denied when AWS refuses
/// the role or there are no credentials at all; whatever else kept it from an answer may pass by itself.
pub fn without_credentials(error: CredentialsError) -> Error {
    let (kind, said) = match about_identity(&error) {
        Some((kind @ (ErrorKind::Denied | ErrorKind::Throttled), said)) => (kind, said),
        Some((_, said)) => (ErrorKind::Unavailable, said),
        None => (ErrorKind::Unavailable, in_words(&error)),
    };
    Error::new(kind, said).with_source(error)
}

/// Codes of all services together: they mean the same wherever they stand. Throttling comes first,
/// because some services answer it with 503, and some with 400.
///
/// `LimitExceededException` stays Invalid: what we ask CloudFormation and Secrets Manager for meets a
/// quota of the account with it, which does not pass by waiting.
fn of_code(code: &str, status: u16) -> ErrorKind {
    let is = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if is(&[
        "Throttl",
        "TooManyRequests",
        "TooManyUpdates",
        "SlowDown",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
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
            "RequestExpired",
        ])
        || is(&["InvalidSignature", "IncompleteSignature", "MissingAuthenticationToken"])
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
        || is(&["InternalFailure", "InternalServ", "InternalError", "ServiceUnavailable"])
        || is(&["Timeout", "ResourceNotReady", "FederationSourceRetryable", "GlueEncryption"])
        || is_of_key(code)
    {
        ErrorKind::Unavailable
    } else {
        ErrorKind::Invalid
    }
}

/// Whether KMS could not use a key just now, in the spelling of any service: `KMSInternalException`,
/// `KMS.InvalidStateException`, `KmsInvalidState`.
fn is_of_key(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    code.contains("kms") && (code.contains("internal") || code.contains("invalidstate"))
}

/// What went wrong before the call: its caller could not say who they are. The kind, and what to say.
fn before_the_call<E>(error: &SdkError<E, HttpResponse>) -> Option<(ErrorKind, String)>
where
    E: std::error::Error + 'static,
{
    match error {
        SdkError::DispatchFailure(_) => about_identity(error),
        _ => None,
    }
}

/// Why nobody could say who the caller is: the kind, and what to say. `None` when neither an answer of
/// STS nor a lack of credentials is behind the error.
fn about_identity(error: &(dyn std::error::Error + 'static)) -> Option<(ErrorKind, String)> {
    let mut cause = Some(error);
    while let Some(found) = cause {
        let asked = found.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>();
        if let Some(answer @ SdkError::ServiceError(_)) = asked {
            let said = answer.message().unwrap_or("STS does not say why");
            return Some((of_sts(answer), format!("the role cannot be assumed: {said}")));
        }
        if let Some(CredentialsError::CredentialsNotLoaded(_)) = found.downcast_ref() {
            let said = "no credentials of AWS were found: sign in, or name a profile or a role";
            return Some((ErrorKind::Denied, said.to_owned()));
        }
        cause = found.source();
    }
    None
}

/// An answer without a code is none of STS itself but, say, the page of a gateway before it: it says
/// nothing about the role.
fn of_sts(answer: &SdkError<AssumeRoleError, HttpResponse>) -> ErrorKind {
    match kind_of(answer) {
        ErrorKind::Invalid if answer.code().is_none_or(str::is_empty) => ErrorKind::Unavailable,
        kind => kind,
    }
}

/// What is said of an error that AWS itself said nothing about.
fn unsaid<E: ProvideErrorMetadata + std::error::Error + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> String {
    if let Some((_, said)) = before_the_call(error) {
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
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[test]
    fn kinds_are_kept_apart() {
        let cases = [
            ("ThrottlingException", 400, ErrorKind::Throttled),
            ("SlowDown", 503, ErrorKind::Throttled),
            ("TooManyUpdates", 400, ErrorKind::Throttled),
            ("ProvisionedThroughputExceededException", 400, ErrorKind::Throttled),
            ("BandwidthLimitExceeded", 400, ErrorKind::Throttled),
            ("PriorRequestNotComplete", 400, ErrorKind::Throttled),
            ("KMS.ThrottlingException", 400, ErrorKind::Throttled),
            ("AccessDeniedException", 400, ErrorKind::Denied),
            ("AccessDenied", 403, ErrorKind::Denied),
            ("ExpiredToken", 400, ErrorKind::Denied),
            ("InvalidSignatureException", 400, ErrorKind::Denied),
            ("IncompleteSignature", 400, ErrorKind::Denied),
            ("MissingAuthenticationToken", 400, ErrorKind::Denied),
            ("RequestExpired", 400, ErrorKind::Denied),
            ("KMSAccessDenied", 400, ErrorKind::Denied),
            ("EntityNotFoundException", 400, ErrorKind::NotFound),
            ("NoSuchKey", 404, ErrorKind::NotFound),
            ("AWS.SimpleQueueService.NonExistentQueue", 400, ErrorKind::NotFound),
            ("ConditionalCheckFailedException", 400, ErrorKind::Conflict),
            ("PreconditionFailed", 412, ErrorKind::Conflict),
            ("ConcurrentModificationException", 400, ErrorKind::Conflict),
            ("InternalServerError", 500, ErrorKind::Unavailable),
            ("InternalError", 200, ErrorKind::Unavailable),
            ("", 502, ErrorKind::Unavailable),
            ("ResourceNotReadyException", 400, ErrorKind::Unavailable),
            ("FederationSourceRetryableException", 400, ErrorKind::Unavailable),
            ("GlueEncryptionException", 400, ErrorKind::Unavailable),
            ("KMSInternalException", 400, ErrorKind::Unavailable),
            ("KmsInternalException", 400, ErrorKind::Unavailable),
            ("KMSInvalidState", 400, ErrorKind::Unavailable),
            ("KmsInvalidStateException", 400, ErrorKind::Unavailable),
            ("KMS.InvalidStateException", 400, ErrorKind::Unavailable),
            ("KMSDisabled", 400, ErrorKind::Invalid),
            ("ValidationException", 400, ErrorKind::Invalid),
            ("LimitExceededException", 400, ErrorKind::Invalid),
            ("ResourceNumberLimitExceededException", 400, ErrorKind::Invalid),
        ];
        for (code, status, kind) in cases {
            assert_eq!(of_code(code, status), kind, "{code} {status}");
        }
    }

    type AssumeRole = SdkError<AssumeRoleError, HttpResponse>;

    /// STS, or what stands before it, answers who asks for a role; an empty code is none.
    fn answered(status: u16, code: &str) -> CredentialsError {
        let about = ErrorMetadata::builder();
        let about = if code.is_empty() { about } else { about.code(code).message("no") };
        let status = StatusCode::try_from(status).unwrap();
        let answer = HttpResponse::new(status, SdkBody::empty());
        let refused = AssumeRoleError::generic(about.build());
        CredentialsError::provider_error(AssumeRole::service_error(refused, answer))
    }

    /// A call that was not made because of `error`.
    fn not_made(error: CredentialsError) -> AssumeRole {
        AssumeRole::dispatch_failure(ConnectorError::other(Box::new(error), None))
    }

    #[test]
    fn only_who_is_refused_is_denied_when_nobody_can_say_who_they_are() {
        use ErrorKind::{Denied, Invalid, Throttled, Unavailable};
        type Make = fn() -> CredentialsError;
        let cases: [(Make, ErrorKind, ErrorKind); 10] = [
            (|| answered(403, "AccessDenied"), Denied, Denied),
            (|| answered(403, "ExpiredToken"), Denied, Denied),
            (|| answered(400, "Throttling"), Throttled, Throttled),
            (|| answered(500, "InternalFailure"), Unavailable, Unavailable),
            (|| answered(502, ""), Unavailable, Unavailable),
            (|| answered(200, ""), Unavailable, Unavailable),
            (|| answered(400, "ValidationError"), Invalid, Unavailable),
            (CredentialsError::not_loaded_no_source, Denied, Denied),
            (|| CredentialsError::provider_error("no route to host"), Unavailable, Unavailable),
            (
                // Of who would assume the role.
                || CredentialsError::provider_error(not_made(answered(403, "AccessDenied"))),
                Denied,
                Denied,
            ),
        ];
        for (error, of_call, of_credentials) in cases {
            let told = without_credentials(error());
            assert_eq!(told.kind(), of_credentials, "{told}");
            assert_eq!(kind_of(&not_made(error())), of_call, "{told}");
        }
        let refused = without_credentials(answered(403, "AccessDenied"));
        assert_eq!(refused.message(), "the role cannot be assumed: no");
        let silent = CredentialsError::provider_timed_out(std::time::Duration::from_secs(3));
        assert_eq!(without_credentials(silent).kind(), ErrorKind::Unavailable);
    }
}
