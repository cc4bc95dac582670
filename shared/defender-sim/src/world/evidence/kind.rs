//! The types of evidence.

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
