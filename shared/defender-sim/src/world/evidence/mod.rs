//! Evidence of an alert, some two dozen of Graph's 48 types.

mod cloud;
mod common;
mod endpoint;
mod kind;
mod mail;

use fastrand::Rng;
use serde_json::{Value, json};

pub(crate) use kind::Evidence;

use super::cast::{Cast, Device, User, public_address};
use crate::seeds::{pick, uuid};
use crate::stamp::Stamp;
use common::{account, of_type, url};

const COUNTRIES: &[(&str, &str, &str, f64, f64)] = &[
    ("DE", "Germany", "Frankfurt am Main", 50.11, 8.68),
    ("BR", "Brazil", "São Paulo", -23.55, -46.63),
    ("NG", "Nigeria", "Lagos", 6.45, 3.39),
    ("US", "United States", "Ashburn", 39.04, -77.49),
];

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
        Evidence::Device => endpoint::of_device(rng, cast, device, at),
        Evidence::User => {
            let own = json!({ "stream": null, "userAccount": account(cast, user) });
            of_type("userEvidence", rng, at, &["compromised"], own)
        }
        Evidence::Ip => of_ip(rng, at),
        Evidence::Url => {
            let own = json!({ "url": url(rng) });
            of_type("urlEvidence", rng, at, &[], own)
        }
        Evidence::File => endpoint::of_file(rng, device, at),
        Evidence::Process => endpoint::of_process(rng, cast, who, at),
        Evidence::Malware => {
            let own = json!({ "name": "Wacatac", "category": "Trojan", "files": [], "processes": [] });
            of_type("malwareEvidence", rng, at, &[], own)
        }
        Evidence::RegistryKey | Evidence::RegistryValue => endpoint::of_registry(kind, rng, device, at),
        Evidence::AnalyzedMessage | Evidence::MailCluster | Evidence::SubmissionMail => {
            mail::of_mail(kind, rng, user, at)
        }
        Evidence::Mailbox | Evidence::MailboxConfiguration => mail::of_mailbox(kind, rng, cast, user, at),
        Evidence::TeamsMessage => mail::of_teams_message(rng, cast, user, at),
        Evidence::Dns => {
            let (server, host) = (of_ip(rng, at), of_ip(rng, at));
            let own = json!({
                "domainName": "tracking.northwind.example", "dnsServerIp": server, "hostIpAddress": null,
                "ipAddresses": [host],
            });
            of_type("dnsEvidence", rng, at, &["commandAndControl"], own)
        }
        Evidence::CloudLogonRequest | Evidence::CloudLogonSession => {
            cloud::of_logon(kind, rng, cast, who, at)
        }
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
        | Evidence::ServicePrincipal => cloud::of_cloud(kind, rng, cast, at),
    }
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
