//! `@odata.nextLink`: followed only where it leads back to the list it came from.

use std::collections::HashSet;

use graph_auth::Endpoints;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::RecordKind;

/// A link that was checked: same scheme, host and port as the Graph that was asked, and the same list.
/// It is opaque otherwise and followed verbatim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NextLink(Url);

impl NextLink {
    /// Checks a link as it stands in a page of `kind` from `endpoints`.
    ///
    /// # Errors
    /// [`LinkError::Foreign`]: the bearer token must not go there.
    pub fn check(text: &str, endpoints: &Endpoints, kind: RecordKind) -> Result<Self, LinkError> {
        let url = Url::parse(text).map_err(|_| LinkError::Foreign)?;
        let home = url.origin() == endpoints.graph.origin()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path().trim_end_matches('/') == kind.path();
        if home { Ok(Self(url)) } else { Err(LinkError::Foreign) }
    }

    pub(crate) fn path_and_query(&self) -> String {
        match self.0.query() {
            Some(query) => format!("{}?{query}", self.0.path()),
            None => self.0.path().to_owned(),
        }
    }
}

/// The links followed so far in one walk, so that a circle is noticed.
#[derive(Debug, Default)]
pub struct LinkTrail(HashSet<u128>);

impl LinkTrail {
    /// Notes that `link` is followed.
    ///
    /// # Errors
    /// [`LinkError::Repeated`], when it was followed before.
    pub fn follow(&mut self, link: &NextLink) -> Result<(), LinkError> {
        if self.0.insert(xxhash_rust::xxh3::xxh3_128(link.0.as_str().as_bytes())) {
            Ok(())
        } else {
            Err(LinkError::Repeated)
        }
    }
}

/// Why a link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It leads to another host or to another list.
    #[error("the next page's link leads away from the list it came from")]
    Foreign,
    /// It was followed before.
    #[error("the next page's link leads in a circle")]
    Repeated,
}

#[cfg(test)]
mod tests {
    use graph_auth::Cloud;

    use super::*;

    #[test]
    fn a_link_leads_back_to_its_own_list_or_nowhere() {
        let endpoints = Cloud::Global.endpoints();
        let check = |text: &str| NextLink::check(text, &endpoints, RecordKind::Incident);
        let good = "https://graph.microsoft.com/v1.0/security/incidents?$skiptoken=a%2Bb&$top=50";
        assert_eq!(
            check(good).unwrap().path_and_query(),
            "/v1.0/security/incidents?$skiptoken=a%2Bb&$top=50"
        );
        assert!(check("https://graph.microsoft.com:443/v1.0/security/incidents?$skip=50").is_ok());
        for foreign in [
            "https://graph.microsoft.com.evil.example/v1.0/security/incidents",
            "https://graph.microsoft.com@evil.example/v1.0/security/incidents",
            "https://user@graph.microsoft.com/v1.0/security/incidents",
            "http://graph.microsoft.com/v1.0/security/incidents",
            "https://graph.microsoft.com:444/v1.0/security/incidents",
            "https://graph.microsoft.us/v1.0/security/incidents",
            "https://graph.microsoft.com/v1.0/security/alerts_v2",
            "https://graph.microsoft.com/v1.0/security/incidents/../../users",
            "/v1.0/security/incidents?$skip=50",
            "",
        ] {
            assert_eq!(check(foreign), Err(LinkError::Foreign), "{foreign}");
        }
    }

    #[test]
    fn a_repeated_link_is_a_circle() {
        let link = NextLink::check(
            "https://graph.microsoft.com/v1.0/security/incidents?$skip=50",
            &Cloud::Global.endpoints(),
            RecordKind::Incident,
        )
        .unwrap();
        let mut trail = LinkTrail::default();
        assert_eq!(trail.follow(&link), Ok(()));
        assert_eq!(trail.follow(&link), Err(LinkError::Repeated));
    }
}
