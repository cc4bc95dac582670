//! `@odata.nextLink`: followed only where it leads back to the list it came from.

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

/// The most links of one walk: of 50 rows each they lead through half a million.
const MOST_LINKS: u32 = 10_000;

/// Notices that the links of one walk lead in a circle, in constant space, so that a walk can go on in
/// another run: the link at the last power of two is remembered (R. P. Brent, "An improved Monte Carlo
/// factorization algorithm", BIT 20, 1980).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkTrail {
    followed: u32,
    remembered: u64,
}

impl LinkTrail {
    /// Notes that `link` is followed.
    ///
    /// # Errors
    /// [`LinkError::Repeated`], when it was followed before, at the latest after three times the circle's
    /// length and what led there, or when 10,000 were followed.
    pub fn follow(&mut self, link: &NextLink) -> Result<(), LinkError> {
        let hash = xxhash_rust::xxh3::xxh3_64(link.0.as_str().as_bytes());
        if self.followed > 0 && hash == self.remembered || self.followed >= MOST_LINKS {
            return Err(LinkError::Repeated);
        }
        self.followed += 1;
        if self.followed.is_power_of_two() {
            self.remembered = hash;
        }
        Ok(())
    }

    /// Whether none was followed yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.followed == 0
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
    fn a_circle_is_noticed_wherever_it_begins() {
        let link = |number: u32| {
            let text = format!("https://graph.microsoft.com/v1.0/security/incidents?$skip={number}");
            NextLink::check(&text, &Cloud::Global.endpoints(), RecordKind::Incident).unwrap()
        };
        for (before, length) in [(0, 1), (1, 1), (3, 11), (0, 40), (100, 7)] {
            let mut trail = LinkTrail::default();
            let followed =
                (0..).map(|step| if step < before { step } else { before + (step - before) % length });
            let good = followed.take_while(|number| trail.follow(&link(*number)).is_ok()).count();
            let (least, most) = ((before + length) as usize, 3 * (before + length) as usize);
            assert!((least..=most).contains(&good), "{before} {length}: {good}");
        }
        let mut trail = LinkTrail::default();
        assert!(
            (0..MOST_LINKS).all(|number| trail.follow(&link(number)).is_ok()),
            "a long list is no circle"
        );
        assert_eq!(trail.follow(&link(MOST_LINKS)), Err(LinkError::Repeated));
        let stored = format!(r#"{{"followed":{},"remembered":0}}"#, u32::MAX);
        let mut trail: LinkTrail = serde_json::from_str(&stored).unwrap();
        assert_eq!(trail.follow(&link(1)), Err(LinkError::Repeated), "a stored number is from outside");
    }
}
