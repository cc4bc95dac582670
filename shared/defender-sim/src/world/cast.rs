//! The people, machines and addresses of one tenant, and those who attack it.

use fastrand::Rng;
use uuid::Uuid;

use crate::seeds::{chance, hex, pick, uuid};

#[derive(Debug)]
pub(crate) struct User {
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) upn: String,
    pub(crate) sid: String,
    pub(crate) object_id: Uuid,
}

#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) host: String,
    pub(crate) mde_id: String,
    pub(crate) platform: &'static str,
    pub(crate) build: u32,
    pub(crate) version: &'static str,
    pub(crate) group: &'static str,
    pub(crate) ip: String,
    pub(crate) domain_joined: bool,
}

/// Who and what a tenant's alerts are about.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) tenant_id: Uuid,
    pub(crate) domain: String,
    pub(crate) users: Vec<User>,
    pub(crate) devices: Vec<Device>,
    pub(crate) analysts: Vec<String>,
}

const PEOPLE: &[&str] = &[
    "Adele Vance",
    "Alex Wilber",
    "Diego Siciliani",
    "Grady Archie",
    "Isaiah Langer",
    "Johanna Lorenz",
    "Jonas Kral",
    "Lee Gu",
    "Lidia Holloway",
    "Lynne Robbins",
    "Megan Bowen",
    "Miriam Graham",
    "Nestor Wilke",
    "Patti Fernandez",
    "Pradeep Gupta",
    "Zoë Müller",
];

const PLATFORMS: &[(&str, &str, u32, &str, &str)] = &[
    ("w11-", "Windows11", 26200, "25H2", "Clients"),
    ("w11-", "Windows11", 22631, "23H2", "Clients"),
    ("lap-", "Windows10", 19045, "22H2", "Clients"),
    ("srv-", "WindowsServer2022", 20348, "21H2", "Servers"),
    ("mac-", "macOS", 25, "26.1", "UnassignedGroup"),
    ("web-", "Linux", 6, "Other", "Servers"),
];

impl Cast {
    pub(crate) fn new(seed: u64, tenant_id: Uuid, domain: &str) -> Self {
        let mut rng = Rng::with_seed(seed);
        let authority = format!("S-1-5-21-{}-{}-{}", rng.u32(..), rng.u32(..), rng.u32(..));
        let users = PEOPLE
            .iter()
            .enumerate()
            .map(|(number, name)| {
                let account: String =
                    name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
                User {
                    upn: format!("{account}@{domain}"),
                    account,
                    name: (*name).to_owned(),
                    sid: format!("{authority}-{}", 1104 + number),
                    object_id: uuid(&mut rng),
                }
            })
            .collect();
        let devices = (1..=20)
            .map(|number| {
                let (prefix, platform, build, version, group) = *pick(&mut rng, PLATFORMS);
                Device {
                    host: format!("{prefix}{number:03}"),
                    mde_id: hex(&mut rng, 40),
                    platform,
                    build,
                    version,
                    group,
                    ip: format!("10.{}.{}.{}", rng.u8(..4), rng.u8(..), rng.u8(2..250)),
                    domain_joined: chance(&mut rng, 80),
                }
            })
            .collect();
        let analysts = ["secadmin", "soc.tier1", "soc.tier2"].map(|name| format!("{name}@{domain}"));
        Self { tenant_id, domain: domain.to_owned(), users, devices, analysts: analysts.into() }
    }
}

/// An address on the internet, from the ranges kept for documentation (RFC 5737, RFC 3849).
pub(crate) fn public_address(rng: &mut Rng) -> String {
    match rng.u8(..5) {
        0 => format!("2001:db8:{}::{}", hex(rng, 4), hex(rng, 3)),
        1 | 2 => format!("203.0.113.{}", rng.u8(1..255)),
        _ => format!("198.51.100.{}", rng.u8(1..255)),
    }
}
