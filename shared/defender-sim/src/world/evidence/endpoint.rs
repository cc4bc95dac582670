//! What Defender for Endpoint sees: devices, files, processes, registry.

use fastrand::Rng;
use serde_json::{Value, json};

use super::common::{account, of_type};
use super::kind::Evidence;
use crate::seeds::{chance, hex, pick, uuid};
use crate::stamp::Stamp;
use crate::world::cast::{Cast, Device, User, public_address};

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

pub(super) fn of_device(rng: &mut Rng, cast: &Cast, device: &Device, at: Stamp) -> Value {
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

pub(super) fn of_file(rng: &mut Rng, device: &Device, at: Stamp) -> Value {
    let own = json!({
        "detectionStatus": pick(rng, &["detected", "blocked", "prevented"]), "mdeDeviceId": device.mde_id,
        "fileDetails": file_details(rng),
    });
    of_type("fileEvidence", rng, at, &[], own)
}

pub(super) fn of_process(rng: &mut Rng, cast: &Cast, (user, device): (&User, &Device), at: Stamp) -> Value {
    let own = json!({
        "processId": rng.u32(800..30_000), "parentProcessId": rng.u32(400..8_000),
        "processCommandLine": pick(rng, COMMANDS),
        "processCreationDateTime": at.to_string(), "parentProcessCreationDateTime": at.to_string(),
        "detectionStatus": "detected", "mdeDeviceId": device.mde_id, "imageFile": file_details(rng),
        "parentProcessImageFile": null, "userAccount": account(cast, user),
    });
    of_type("processEvidence", rng, at, &[], own)
}

pub(super) fn of_registry(kind: Evidence, rng: &mut Rng, device: &Device, at: Stamp) -> Value {
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

fn file_details(rng: &mut Rng) -> Value {
    let (name, path, publisher) = *pick(rng, FILES);
    json!({
        "sha1": hex(rng, 40), "sha256": hex(rng, 64), "md5": hex(rng, 32), "sha256Ac": null,
        "fileName": name, "filePath": path, "fileSize": rng.u32(900..9_000_000),
        "filePublisher": if publisher.is_empty() { None } else { Some(publisher) },
        "signer": null, "issuer": null,
    })
}
