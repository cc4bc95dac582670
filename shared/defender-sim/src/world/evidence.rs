//! Evidence of an alert, some two dozen of Graph's 48 types.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::cast::{Cast, Device, User, public_address};
use crate::seeds::{chance, hex, pick, uuid};
use crate::stamp::Stamp;

/// A type derived from `microsoft.graph.security.alertEvidence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    AnalyzedMessage,
    AzureResource,
    CloudApplication,
    CloudLogonRequest,
    CloudLogonSession,
    Device,
    Dns,
    File,
    Ip,
    KubernetesPod,
    MailCluster,
    Mailbox,
    MailboxConfiguration,
    Malware,
    OauthApplication,
    Process,
    RegistryKey,
    RegistryValue,
    SecurityGroup,
    ServicePrincipal,
    SubmissionMail,
    TeamsMessage,
    Url,
    User,
}

const REMEDIATIONS: &[&str] = &[
    "none",
    "none",
    "active",
    "active",
    "remediated",
    "prevented",
    "blocked",
    "notFound",
    "pendingApproval",
];
const FILES: &[(&str, &str, &str)] = &[
    ("powershell.exe", "C:\\Windows\\System32\\WindowsPowerShell\\v1.0", "Microsoft Corporation"),
    ("rundll32.exe", "C:\\Windows\\System32", "Microsoft Corporation"),
    ("invoice_2291.js", "C:\\Users\\Public\\Downloads", ""),
    ("réunion – ordre du jour.iso", "C:\\Users\\Public\\Desktop", ""),
    ("svchost_.exe", "C:\\ProgramData\\Temp", ""),
];
const COMMANDS: &[&str] = &[
    "\"powershell.exe\" -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAKQA=",
    "rundll32.exe C:\\ProgramData\\Temp\\a.dll,#1",
    "reg.exe save HKLM\\SAM C:\\Users\\Public\\sam.hiv",
    "cmd.exe /c \"whoami /all & nltest /dclist:\"",
    "\"wscript.exe\" \"C:\\Users\\Public\\Downloads\\invoice_2291.js\"",
];
const SUBJECTS: &[&str] = &[
    "Your mailbox is almost full",
    "Re: open invoice 2291",
    "Action required: sign in to keep your account",
    "📦 Paket konnte nicht zugestellt werden",
    "「重要」お支払いのご確認",
    "Q3 invoices",
];
const URLS: &[&str] = &[
    "https://login.contoso-secure.example/owa/?id=",
    "http://files.fabrikam.example/dl.php?f=",
    "https://tracking.northwind.example/p/",
];
const COUNTRIES: &[(&str, &str, &str, f64, f64)] = &[
    ("DE", "Germany", "Frankfurt am Main", 50.11, 8.68),
    ("BR", "Brazil", "São Paulo", -23.55, -46.63),
    ("NG", "Nigeria", "Lagos", 6.45, 3.39),
    ("US", "United States", "Ashburn", 39.04, -77.49),
];

/// The properties that every type has, with the type's own.
fn of_type(name: &str, rng: &mut Rng, at: Stamp, roles: &[&str], own: Value) -> Value {
    let verdict = pick(rng, &["unknown", "suspicious", "suspicious", "malicious", "noThreatsFound"]);
    let mut body = Map::new();
    body.insert("@odata.type".to_owned(), format!("#microsoft.graph.security.{name}").into());
    body.insert("createdDateTime".to_owned(), at.to_string().into());
    body.insert("verdict".to_owned(), (*verdict).into());
    body.insert("remediationStatus".to_owned(), (*pick(rng, REMEDIATIONS)).into());
    body.insert("remediationStatusDetails".to_owned(), Value::Null);
    body.insert("roles".to_owned(), json!(roles));
    body.insert("detailedRoles".to_owned(), json!([]));
    body.insert("tags".to_owned(), json!([]));
    if let Value::Object(own) = own {
        body.extend(own);
    }
    Value::Object(body)
}

/// One piece of evidence about the user and the device of an incident.
pub(crate) fn evidence(
    kind: Evidence,
    rng: &mut Rng,
    cast: &Cast,
    who: (&User, &Device),
    at: Stamp,
) -> Value {
    let (user, device) = who;
    match kind {
        Evidence::Device => of_device(rng, cast, device, at),
        Evidence::User => {
            let own = json!({ "stream": null, "userAccount": account(cast, user) });
            of_type("userEvidence", rng, at, &["compromised"], own)
        }
        Evidence::Ip => of_ip(rng, at),
        Evidence::Url => {
            let own = json!({ "url": url(rng) });
            of_type("urlEvidence", rng, at, &[], own)
        }
        Evidence::File => of_file(rng, device, at),
        Evidence::Process => of_process(rng, cast, who, at),
        Evidence::Malware => {
            let own = json!({ "name": "Wacatac", "category": "Trojan", "files": [], "processes": [] });
            of_type("malwareEvidence", rng, at, &[], own)
        }
        Evidence::RegistryKey | Evidence::RegistryValue => of_registry(kind, rng, device, at),
        Evidence::AnalyzedMessage | Evidence::MailCluster | Evidence::SubmissionMail => {
            of_mail(kind, rng, user, at)
        }
        Evidence::Mailbox | Evidence::MailboxConfiguration => of_mailbox(kind, rng, cast, user, at),
        Evidence::TeamsMessage => of_teams_message(rng, cast, user, at),
        Evidence::Dns => {
            let (server, host) = (of_ip(rng, at), of_ip(rng, at));
            let own = json!({
                "domainName": "tracking.northwind.example", "dnsServerIp": server, "hostIpAddress": null,
                "ipAddresses": [host],
            });
            of_type("dnsEvidence", rng, at, &["commandAndControl"], own)
        }
        Evidence::CloudLogonRequest | Evidence::CloudLogonSession => of_logon(kind, rng, cast, who, at),
        Evidence::SecurityGroup => {
            let own = json!({
                "displayName": "Domain Admins", "securityGroupId": null, "sid": format!("{}-512", user.sid),
                "friendlyName": null, "activeDirectoryObjectGuid": uuid(rng),
                "distinguishedName": "CN=Domain Admins,CN=Users,DC=contoso,DC=local",
            });
            of_type("securityGroupEvidence", rng, at, &["attacked"], own)
        }
        Evidence::AzureResource
        | Evidence::CloudApplication
        | Evidence::KubernetesPod
        | Evidence::OauthApplication
        | Evidence::ServicePrincipal => of_cloud(kind, rng, cast, at),
    }
}

fn account(cast: &Cast, user: &User) -> Value {
    json!({
        "accountName": user.account, "domainName": "CONTOSO", "userSid": user.sid,
        "azureAdUserId": user.object_id, "userPrincipalName": user.upn, "displayName": user.name,
        "tenantId": cast.tenant_id, "activeDirectoryObjectGuid": null, "resourceAccessEvents": [],
    })
}

fn url(rng: &mut Rng) -> String {
    format!("{}{}", pick(rng, URLS), hex(rng, 12))
}

fn of_device(rng: &mut Rng, cast: &Cast, device: &Device, at: Stamp) -> Value {
    let tags: &[&str] = if chance(rng, 20) { &["VIP", "Test Machine"] } else { &[] };
    let own = json!({
        "firstSeenDateTime": "2025-08-18T11:09:18.5092327Z", "mdeDeviceId": device.mde_id,
        "azureAdDeviceId": if device.domain_joined { Some(uuid(rng)) } else { None },
        "deviceDnsName": format!("{}.{}", device.host, cast.domain), "hostName": device.host,
        "ntDomain": null, "dnsDomain": cast.domain, "osPlatform": device.platform,
        "osBuild": device.build, "version": device.version, "healthStatus": "active",
        "riskScore": pick(rng, &["none", "informational", "low", "medium", "high"]),
        "rbacGroupId": 125, "rbacGroupName": device.group, "onboardingStatus": "onboarded",
        "defenderAvStatus": pick(rng, &["unknown", "updated", "notUpdated"]),
        "lastIpAddress": device.ip, "lastExternalIpAddress": public_address(rng),
        "ipInterfaces": [device.ip, "127.0.0.1", "::1"], "vmMetadata": null,
        "loggedOnUsers": [], "resourceAccessEvents": [], "detailedRoles": ["PrimaryDevice"], "tags": tags,
    });
    of_type("deviceEvidence", rng, at, &[], own)
}

fn of_ip(rng: &mut Rng, at: Stamp) -> Value {
    let (code, country, city, latitude, longitude) = *pick(rng, COUNTRIES);
    let own = json!({
        "ipAddress": public_address(rng), "countryLetterCode": code, "stream": null,
        "location": {
            "countryName": country, "state": null, "city": city, "latitude": latitude, "longitude": longitude,
        },
    });
    of_type("ipEvidence", rng, at, &["source"], own)
}

fn file_details(rng: &mut Rng) -> Value {
    let (name, path, publisher) = *pick(rng, FILES);
    json!({
        "sha1": hex(rng, 40), "sha256": hex(rng, 64), "md5": hex(rng, 32), "sha256Ac": null,
        "fileName": name, "filePath": path, "fileSize": rng.u32(900..9_000_000),
        "filePublisher": if publisher.is_empty() { None } else { Some(publisher) },
        "signer": null, "issuer": null,
    })
}

fn of_file(rng: &mut Rng, device: &Device, at: Stamp) -> Value {
    let own = json!({
        "detectionStatus": pick(rng, &["detected", "blocked", "prevented"]), "mdeDeviceId": device.mde_id,
        "fileDetails": file_details(rng),
    });
    of_type("fileEvidence", rng, at, &[], own)
}

fn of_process(rng: &mut Rng, cast: &Cast, (user, device): (&User, &Device), at: Stamp) -> Value {
    let own = json!({
        "processId": rng.u32(800..30_000), "parentProcessId": rng.u32(400..8_000),
        "processCommandLine": pick(rng, COMMANDS),
        "processCreationDateTime": at.to_string(), "parentProcessCreationDateTime": at.to_string(),
        "detectionStatus": "detected", "mdeDeviceId": device.mde_id, "imageFile": file_details(rng),
        "parentProcessImageFile": null, "userAccount": account(cast, user),
    });
    of_type("processEvidence", rng, at, &[], own)
}

fn of_registry(kind: Evidence, rng: &mut Rng, device: &Device, at: Stamp) -> Value {
    let key = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run";
    if kind == Evidence::RegistryKey {
        let own = json!({ "registryKey": key, "registryHive": "HKEY_LOCAL_MACHINE" });
        return of_type("registryKeyEvidence", rng, at, &[], own);
    }
    let own = json!({
        "registryKey": key, "registryHive": "HKEY_LOCAL_MACHINE", "registryValueName": "Updater",
        "registryValue": "C:\\ProgramData\\Temp\\svchost_.exe", "registryValueType": "String",
        "mdeDeviceId": device.mde_id,
    });
    of_type("registryValueEvidence", rng, at, &["created"], own)
}

fn of_mail(kind: Evidence, rng: &mut Rng, user: &User, at: Stamp) -> Value {
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

fn of_mailbox(kind: Evidence, rng: &mut Rng, cast: &Cast, user: &User, at: Stamp) -> Value {
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

fn of_teams_message(rng: &mut Rng, cast: &Cast, user: &User, at: Stamp) -> Value {
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

fn of_logon(
    kind: Evidence,
    rng: &mut Rng,
    cast: &Cast,
    (user, device): (&User, &Device),
    at: Stamp,
) -> Value {
    if kind == Evidence::CloudLogonRequest {
        let own = json!({ "requestId": uuid(rng) });
        return of_type("cloudLogonRequestEvidence", rng, at, &[], own);
    }
    let who = json!({ "stream": null, "userAccount": account(cast, user) });
    let who = of_type("userEvidence", rng, at, &["attacked"], who);
    let own = json!({
        "sessionId": uuid(rng), "startUtcDateTime": at.to_string(), "previousLogonDateTime": null,
        "account": who, "deviceName": device.host, "operatingSystem": device.platform, "protocol": null,
        "browser": "Edge 142.0", "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/142.0.0.0",
    });
    of_type("cloudLogonSessionEvidence", rng, at, &[], own)
}

fn of_cloud(kind: Evidence, rng: &mut Rng, cast: &Cast, at: Stamp) -> Value {
    match kind {
        Evidence::CloudApplication => {
            let own = json!({
                "appId": 20893, "saasAppId": 20893, "instanceId": 0, "displayName": "Microsoft Exchange Online",
                "instanceName": "Microsoft Exchange Online", "stream": null,
            });
            of_type("cloudApplicationEvidence", rng, at, &[], own)
        }
        Evidence::OauthApplication => {
            let own = json!({
                "appId": uuid(rng), "displayName": "Mail Merge Helper", "objectId": uuid(rng), "publisher": "Unknown",
            });
            of_type("oauthApplicationEvidence", rng, at, &[], own)
        }
        Evidence::ServicePrincipal => {
            let own = json!({
                "servicePrincipalObjectId": uuid(rng), "servicePrincipalName": "Mail Merge Helper",
                "servicePrincipalType": "application", "appId": uuid(rng), "tenantId": cast.tenant_id,
                "appOwnerTenantId": uuid(rng),
            });
            of_type("servicePrincipalEvidence", rng, at, &["edited"], own)
        }
        Evidence::KubernetesPod => {
            let own = json!({
                "name": format!("miner-{}", hex(rng, 5)), "containers": [], "initContainers": [],
                "ephemeralContainers": [], "labels": { "app": "web", "tier": "front" }, "namespace": null,
                "podIp": null, "serviceAccount": null, "controller": null,
            });
            of_type("kubernetesPodEvidence", rng, at, &["attacked"], own)
        }
        _ => {
            let subscription = uuid(rng);
            let own = json!({
                "resourceName": "contoso-prod", "resourceType": "Microsoft.ContainerService/managedClusters",
                "resourceId": format!("/subscriptions/{subscription}/resourceGroups/prod/providers/Microsoft.ContainerService/managedClusters/contoso-prod"),
            });
            of_type("azureResourceEvidence", rng, at, &[], own)
        }
    }
}
