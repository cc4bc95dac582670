//! Entra's numbers: which cause stands behind which.
//!
//! All that an application's own sign-in can meet, those of certificates and of federated credentials included. The
//! numbers of users' sign-ins are left out, but for a few that would be our fault.

use crate::Cause::{
    self, AppDisabled, AppNotFound, AssertionOutOfTime, CertificateExpired, CertificateRefused,
    ConditionalAccess, FederationMismatch, FederationNotAllowed, ManagedIdentity, MicrosoftTrouble,
    NoPermissions, NoServicePrincipal, OurFault, OutdatedTls, PublicClient, ResourceDisabled, SecretExpired,
    SecretMissing, TenantBlocked, TenantNotFound, TenantRestricted, Throttled, WrongAudience, WrongCloud,
    WrongSecret,
};

/// The numbers of one cause that are known from one source.
#[derive(Clone, Copy, Debug)]
pub struct Codes {
    /// What they mean.
    pub cause: Cause,
    /// The numbers after `AADSTS`.
    pub numbers: &'static [u32],
    /// Where their meaning is known from.
    pub source: Source,
}

/// Where the meaning of a number is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>, of April 2024.
    Reference,
    /// Another page of Microsoft's.
    Article(&'static str),
    /// Public reports, which quote Entra's text.
    Reports(&'static str),
}

use Source::{Article, Reference, Reports};

/// Every number that is known here, cause by cause. No number stands twice.
pub const CODES: &[Codes] = &[
    known(TenantNotFound, &[50_029, 50_059, 50_128, 90_002, 90_013, 90_019], Reference),
    known(
        TenantNotFound,
        &[900_023],
        Reports("AzureAD/microsoft-authentication-library-for-dotnet, test data"),
    ),
    known(
        TenantBlocked,
        &[5_000_225],
        Article("Microsoft Entra, tenants that are inaccessible due to inactivity"),
    ),
    known(
        TenantBlocked,
        &[5_000_224],
        Reports("KelvinTegelaar/CIPP: not available, has the tenant been deleted"),
    ),
    known(TenantRestricted, &[50_002, 500_021, 500_022], Reference),
    known(TenantRestricted, &[5_000_211], Article("Microsoft Entra, universal tenant restrictions")),
    known(WrongCloud, &[50_049, 90_038, 90_051, 500_011, 900_382, 900_432, 1_000_104], Reference),
    known(WrongCloud, &[900_439], Reports("a client of the US Government at the public endpoint")),
    known(AppNotFound, &[65_002, 700_011, 700_016], Reference),
    known(NoServicePrincipal, &[90_099], Reference),
    known(NoServicePrincipal, &[7_000_229], Reports("Azure/azure-sdk-for-net#46762")),
    known(WrongAudience, &[50_194, 90_027, 9_002_332], Reference),
    known(WrongAudience, &[9_002_331], Reports("the counterpart of 9002332, for personal accounts only")),
    known(ManagedIdentity, &[7_000_232], Reports("MSI identity should not use ClientSecretCredential")),
    known(AppDisabled, &[70_001, 1_000_031, 7_000_112], Reference),
    known(WrongSecret, &[70_002, 7_000_215], Reference),
    known(SecretExpired, &[7_000_222], Reference),
    known(SecretMissing, &[7_000_218], Reference),
    known(
        SecretMissing,
        &[7_000_216],
        Reports("'client_assertion', 'client_secret' or 'request' is required"),
    ),
    known(PublicClient, &[700_025], Reference),
    known(
        CertificateRefused,
        &[50_003, 50_006, 50_012, 50_013, 50_017, 50_027, 50_048, 700_027, 700_030, 900_384],
        Reference,
    ),
    known(
        CertificateExpired,
        &[1_000_502, 7_000_214, 7_000_274, 7_000_277],
        Reports("AzureAD/microsoft-identity-web, CertificateErrorCodes"),
    ),
    known(AssertionOutOfTime, &[500_133], Reference),
    known(AssertionOutOfTime, &[700_024], Reports("AzureAD/microsoft-identity-web, CertificateErrorCodes")),
    known(
        AssertionOutOfTime,
        &[70_023],
        Reports("MicrosoftDocs/azure-docs#86916: it lives for more than 25 hours"),
    ),
    known(FederationMismatch, &[70_021], Reports("Azure/azure-workload-identity#616")),
    known(FederationMismatch, &[700_211, 700_212, 700_213], Reports("Azure/azure-workload-identity#1200")),
    known(FederationMismatch, &[7_002_137], Reports("microsoft/Agents#202")),
    known(FederationMismatch, &[7_002_138], Reports("Azure/login#517: another letter case")),
    known(FederationNotAllowed, &[700_229], Reference),
    known(FederationNotAllowed, &[700_222, 700_236], Reports("MicrosoftDocs/azure-docs#90276, #109083")),
    known(FederationNotAllowed, &[7_002_381], Reports("a tenant's policy wants an enterprise claim")),
    known(
        ConditionalAccess,
        &[50_053, 50_131, 53_000, 53_001, 53_002, 53_003, 53_004, 53_011, 530_032, 530_035],
        Reference,
    ),
    known(ConditionalAccess, &[530_031], Reports("access policy does not allow token issuance")),
    known(ResourceDisabled, &[50_001, 650_052, 650_054], Reference),
    known(ResourceDisabled, &[500_014], Reports("AzureAD/microsoft-authentication-library-for-dotnet#3150")),
    known(NoPermissions, &[65_001, 65_005, 90_008, 90_094, 650_056, 650_057], Reference),
    known(
        NoPermissions,
        &[501_051],
        Article("Microsoft identity platform, app roles: not assigned to a role"),
    ),
    known(Throttled, &[90_055], Reference),
    known(
        MicrosoftTrouble,
        &[50_000, 50_033, 51_005, 90_006, 90_012, 90_024, 90_033, 90_036, 90_090, 90_091, 90_092, 230_109],
        Reference,
    ),
    known(OutdatedTls, &[1_002_016], Article("Microsoft Entra, TLS 1.0 and 1.1 are deprecated")),
    known(
        OurFault,
        &[
            28_002, 28_003, 50_196, 70_003, 70_011, 90_004, 90_014, 90_023, 90_100, 700_022, 700_023,
            900_144, 900_561, 901_002, 7_000_114, 9_001_023, 9_002_313,
        ],
        Reference,
    ),
    known(OurFault, &[1_002_012], Reports("AzureAD/microsoft-authentication-library-for-dotnet, test data")),
    known(OurFault, &[7_000_110], Article("Microsoft Entra, multiple application identifiers found")),
    known(OurFault, &[7_000_113], Reports("the application may not make calls on behalf of a user")),
    // A user's account: no answer to what is asked here.
    known(OurFault, &[50_034, 50_057, 50_076, 50_079, 50_126], Reference),
];

const fn known(cause: Cause, numbers: &'static [u32], source: Source) -> Codes {
    Codes { cause, numbers, source }
}

impl Cause {
    /// The cause behind an AADSTS number; `None` for a number that is not known here.
    #[must_use]
    pub fn of_code(code: u32) -> Option<Self> {
        CODES.iter().find(|known| known.numbers.contains(&code)).map(|known| known.cause)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_number_stands_twice_and_each_has_a_source() {
        let mut numbers = BTreeSet::new();
        for Codes { cause, numbers: of_cause, source } in CODES {
            for number in *of_cause {
                assert!((10_000..10_000_000).contains(number), "AADSTS{number}");
                assert!(numbers.insert(number), "AADSTS{number} stands twice");
                assert_eq!(Cause::of_code(*number), Some(*cause));
            }
            assert!(!matches!(source, Article("") | Reports("")), "{cause}");
        }
        assert_eq!(Cause::of_code(1), None);
    }

    /// By Microsoft's own words for each.
    #[test]
    fn a_number_says_what_entra_s_text_says() {
        for (number, cause) in [
            (90_002, TenantNotFound),
            (5_000_225, TenantBlocked),
            (500_021, TenantRestricted),
            (5_000_211, TenantRestricted),
            (90_038, WrongCloud),
            (500_011, WrongCloud),
            (700_016, AppNotFound),
            (7_000_229, NoServicePrincipal),
            (50_194, WrongAudience),
            (7_000_112, AppDisabled),
            (7_000_215, WrongSecret),
            (7_000_222, SecretExpired),
            (700_027, CertificateRefused),
            (7_000_214, CertificateExpired),
            (500_133, AssertionOutOfTime),
            (700_213, FederationMismatch),
            (700_236, FederationNotAllowed),
            (53_003, ConditionalAccess),
            (500_014, ResourceDisabled),
            (650_052, ResourceDisabled),
            (501_051, NoPermissions),
            (90_055, Throttled),
            (90_033, MicrosoftTrouble),
            (70_011, OurFault),
        ] {
            assert_eq!(Cause::of_code(number), Some(cause), "AADSTS{number}");
        }
    }
}
