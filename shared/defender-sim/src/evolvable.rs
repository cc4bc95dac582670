//! Evolvable enums: members after `unknownFutureValue` are sent under that name unless the request says
//! `Prefer: include-unknown-enum-members`
//! (<https://learn.microsoft.com/en-us/graph/best-practices-concept#handling-future-members-in-evolvable-enumerations>).

use bytes::Bytes;

/// The late members by property, from the v1.0 metadata of 2026-08-20.
const LATE: &[(&str, &[&str])] = &[
    ("status", &["awaitingAction"]),
    (
        "serviceSource",
        &[
            "microsoftDefenderForCloud",
            "microsoftSentinel",
            "microsoftInsiderRiskManagement",
            "microsoftThreatIntelligence",
            "microsoftSecurityForAI",
        ],
    ),
    (
        "detectionSource",
        &[
            "microsoftDefenderForCloud",
            "microsoftDefenderForIoT",
            "microsoftDefenderForServers",
            "microsoftDefenderForStorage",
            "microsoftDefenderForDNS",
            "microsoftDefenderForDatabases",
            "microsoftDefenderForContainers",
            "microsoftDefenderForNetwork",
            "microsoftDefenderForAppService",
            "microsoftDefenderForKeyVault",
            "microsoftDefenderForResourceManager",
            "microsoftDefenderForApiManagement",
            "nrtAlerts",
            "scheduledAlerts",
            "microsoftDefenderThreatIntelligenceAnalytics",
            "builtInMl",
            "microsoftInsiderRiskManagement",
            "microsoftThreatIntelligence",
            "microsoftDefenderForAIServices",
            "securityCopilot",
            "microsoftSentinel",
        ],
    ),
    (
        "remediationStatus",
        &["active", "pendingApproval", "declined", "unremediated", "running", "partiallyRemediated"],
    ),
];

/// The body with every late member replaced. It works on the text: within a JSON string a quote is
/// escaped, so that `"status":"awaitingAction"` is found where it is a member and nowhere else.
pub(crate) fn masked(body: &Bytes) -> Bytes {
    let Ok(text) = std::str::from_utf8(body) else { return body.clone() };
    let mut changed = None;
    for (property, members) in LATE {
        for member in *members {
            let known = changed.as_deref().unwrap_or(text);
            let late = format!("\"{property}\":\"{member}\"");
            if known.contains(&late) {
                changed = Some(known.replace(&late, &format!("\"{property}\":\"unknownFutureValue\"")));
            }
        }
    }
    changed.map_or_else(|| body.clone(), Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn late_members_are_masked_and_text_about_them_is_not() {
        let body = br#"{"status":"awaitingAction","comment":"\"status\":\"awaitingAction\""}"#;
        let expected = br#"{"status":"unknownFutureValue","comment":"\"status\":\"awaitingAction\""}"#;
        assert_eq!(masked(&body.as_slice().into()), expected.as_slice());
        let early = bytes::Bytes::from_static(br#"{"status":"active","remediationStatus":"none"}"#);
        assert_eq!(masked(&early), early);
    }
}
