//! What Defender for Office 365 sees: messages, mailboxes, Teams.

use fastrand::Rng;
use serde_json::{Value, json};

use super::common::{account, of_type, url};
use super::kind::Evidence;
use crate::seeds::{hex, pick, uuid};
use crate::stamp::Stamp;
use crate::world::cast::{Cast, User, public_address};

const SUBJECTS: &[&str] = &[
    "Your mailbox is almost full",
    "Re: open invoice 2291",
    "Action required: sign in to keep your account",
    "📦 Paket konnte nicht zugestellt werden",
    "「重要」お支払いのご確認",
    "Q3 invoices",
];

pub(super) fn of_mail(kind: Evidence, rng: &mut Rng, user: &User, at: Stamp) -> Value {
    let network_message = uuid(rng);
    let subject = *pick(rng, SUBJECTS);
    let sender = "billing@fabrikam.example";
    match kind {
        Evidence::MailCluster => {
            let own = json!({
                "clusterBy": "Subject;P2SenderDomain;ContentType", "emailCount": rng.u32(2..90), "urn": format!("urn:MailClusterEntity:{}", hex(rng, 32)),
                "clusterByValue": format!("{subject};fabrikam.example;1"), "networkMessageIds": [network_message],
                "query": format!("( (( (Subject:\"{subject}\") )) AND ( (P2SenderDomain:\"fabrikam.example\") ))"),
            });
            of_type("mailClusterEvidence", rng, at, &[], own)
        }
        Evidence::SubmissionMail => {
            let own = json!({
                "networkMessageId": network_message, "recipient": user.upn, "reportType": "Phish",
                "sender": sender, "senderIp": public_address(rng), "subject": subject,
                "submissionDateTime": at.to_string(), "submissionId": uuid(rng), "submitter": user.upn,
            });
            of_type("submissionMailEvidence", rng, at, &[], own)
        }
        _ => {
            let address =
                json!({ "emailAddress": sender, "displayName": "Billing", "domainName": "fabrikam.example" });
            let own = json!({
                "networkMessageId": network_message, "internetMessageId": format!("<{}@fabrikam.example>", hex(rng, 20)),
                "subject": subject, "language": "en", "senderIp": public_address(rng),
                "recipientEmailAddress": user.upn, "antiSpamDirection": "Inbound",
                "deliveryAction": pick(rng, &["Delivered", "Blocked", "DeliveredAsSpam"]),
                "deliveryLocation": pick(rng, &["Inbox", "Quarantine", "JunkFolder"]),
                "urn": format!("urn:MailEntity:{}", hex(rng, 32)),
                "threats": ["ZapPhish"], "threatDetectionMethods": ["UrlReputation"], "urls": [url(rng)],
                "urlCount": 1, "attachmentsCount": 0, "receivedDateTime": at.to_string(),
                "p1Sender": address, "p2Sender": address,
            });
            of_type("analyzedMessageEvidence", rng, at, &[], own)
        }
    }
}

pub(super) fn of_mailbox(kind: Evidence, rng: &mut Rng, cast: &Cast, user: &User, at: Stamp) -> Value {
    if kind == Evidence::Mailbox {
        let own = json!({
            "primaryAddress": user.upn, "displayName": user.name, "upn": user.upn,
            "userAccount": account(cast, user),
        });
        return of_type("mailboxEvidence", rng, at, &[], own);
    }
    let own = json!({
        "mailboxPrimaryAddress": user.upn, "upn": user.upn, "displayName": ".", "configurationType": "mailForwardingRule",
        "configurationId": hex(rng, 16), "externalDirectoryObjectId": user.object_id,
    });
    of_type("mailboxConfigurationEvidence", rng, at, &["created"], own)
}

pub(super) fn of_teams_message(rng: &mut Rng, cast: &Cast, user: &User, at: Stamp) -> Value {
    let link =
        of_type("urlEvidence", rng, at, &[], json!({ "url": "https://login.contoso-secure.example/t" }));
    let own = json!({
        "messageId": rng.u64(1_700_000_000_000..1_800_000_000_000).to_string(), "campaignId": null,
        "threadId": format!("19:{}@thread.v2", hex(rng, 32)), "threadType": "chat", "isExternal": true,
        "isOwned": false, "messageDirection": "inbound", "deliveryAction": "deliveredAsSpam",
        "deliveryLocation": "teams", "senderFromAddress": "helpdesk@fabrikam.example", "senderIP": null,
        "recipients": [user.upn], "suspiciousRecipients": [], "owningTenantId": cast.tenant_id,
        "receivedDateTime": at.to_string(), "urls": [link], "files": [], "subject": null,
    });
    of_type("teamsMessageEvidence", rng, at, &[], own)
}
