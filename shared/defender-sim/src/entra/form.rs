//! What a client sends to the token endpoint.

use bytes::Bytes;
use url::form_urlencoded;

/// The fields of the form; the secret among them, so there is no `Debug`.
#[derive(Default)]
pub(super) struct Form {
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<String>,
    pub(super) client_assertion: Option<String>,
    pub(super) client_assertion_type: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) grant_type: Option<String>,
}

impl Form {
    pub(super) fn read(body: &Bytes) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let field = match name.as_ref() {
                "client_id" => &mut form.client_id,
                "client_secret" => &mut form.client_secret,
                "client_assertion" => &mut form.client_assertion,
                "client_assertion_type" => &mut form.client_assertion_type,
                "scope" => &mut form.scope,
                "grant_type" => &mut form.grant_type,
                _ => continue,
            };
            *field = Some(value.into_owned());
        }
        form
    }
}
