//! The words about an answer that is not Microsoft's.

/// An answer that is not in the form of Microsoft's: by whom it may be. Nothing of its body is repeated.
pub(crate) fn in_between(status: u16, leads_to: Option<&str>) -> String {
    match leads_to {
        Some(host) => format!("HTTP {status}, which leads to {host}"),
        None if status == 511 => "HTTP 511: this network wants a sign-in first".to_owned(),
        None if status >= 500 => format!("HTTP {status}; something in between may be in trouble instead"),
        None => format!("HTTP {status}, not in the form of Microsoft's answers"),
    }
}
