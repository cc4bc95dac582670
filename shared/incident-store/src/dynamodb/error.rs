//! The SDK's errors, by what the caller does next. Only codes are passed on: a message could carry a value.

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};

use crate::StoreError;

impl<E: ProvideErrorMetadata, R> From<SdkError<E, R>> for StoreError {
    fn from(error: SdkError<E, R>) -> Self {
        Self::Unavailable(match &error {
            SdkError::ServiceError(answer) => answer.err().code().unwrap_or("unknown error").to_owned(),
            SdkError::TimeoutError(_) => "timed out".to_owned(),
            SdkError::DispatchFailure(_) => "no connection".to_owned(),
            SdkError::ResponseError(_) => "the answer broke off".to_owned(),
            _ => "the request could not be made".to_owned(),
        })
    }
}

impl From<BuildError> for StoreError {
    fn from(_: BuildError) -> Self {
        Self::Unavailable("the request could not be made".to_owned())
    }
}
