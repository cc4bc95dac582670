//! What was done to the engine, counted by kind.

/// Declares the kinds with their names.
macro_rules! kinds {
    ($($kind:ident => $name:literal,)*) => {
        /// A kind of hostility.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "their names say it")]
        pub enum Hostile { $($kind,)* }

        impl Hostile {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// What it is called in a table.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }
    };
}

kinds! {
    OffsetLink => "link by offset over the live list",
    SnapshotLink => "link into a snapshot",
    KeysetLink => "link by key",
    SkipIgnored => "$skip not honoured",
    ShortPage => "page shorter than asked, with a link",
    EmptyPage => "empty page with a link",
    FullUnlinked => "full page, more to come, no link",
    LinkToNothing => "link to an empty last page",
    LinkLoops => "link leads in a circle",
    LinkExpired => "link expired (400, 410)",
    LinkForeign => "link points elsewhere",
    OrderIgnored => "order ignored",
    LiteralTruncated => "filter literal truncated",
    LiteralRounded => "filter literal rounded",
    FilterIgnored => "filter ignored",
    LaggingFrontEnd => "front end that lags",
    LateWithinOverlap => "visible late, within the overlap",
    LateWithinDay => "visible late, within 24 h",
    LateWithinWeek => "visible late, within 7 d",
    LateBeyond => "visible later than 7 d",
    BulkEdit => "bulk edit at one instant",
    BulkBeyondPage => "bulk edit larger than a page",
    BulkCreation => "bulk sharing createdDateTime too",
    ChangedInPlace => "content changed at an unchanged instant",
    Merge => "incidents merged",
    UndatedAlert => "alert without lastUpdateDateTime",
    NoDate => "no Date",
    DateOff => "Date off by seconds",
    DateWild => "Date off by a day or a year",
    Throttled => "429 with Retry-After",
    ThrottledUnstated => "429 without Retry-After",
    Unavailable => "503 with Retry-After",
    ServerError => "5xx",
    Storm => "answer of a storm",
    StormOfOneList => "answer of a storm over one list",
    Reset => "connection reset",
    Stall => "stall",
    Truncated => "body truncated",
    BrokenOff => "body broken off",
    NotJson => "body not JSON",
    NoArray => "value no array",
    Partial => "206 with rows missing",
    Warning => "Warning with rows missing",
    Poison => "page with a poison row",
    TokenExpired => "token expired or revoked",
    SecretRefused => "rotated secret refused",
    ConsentMissing => "consent withdrawn",
    ListRefused => "one list refused (401, 403)",
    ListWaits => "one list with a long Retry-After",
    FutureInstant => "instant of the far future",
    BackwardInstant => "instant that goes back",
    EmptyInstant => "empty date of .NET",
    Annotated => "control annotations",
}

/// How often each kind was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injected(Vec<u64>);

impl Default for Injected {
    fn default() -> Self {
        Self(vec![0; Hostile::ALL.len()])
    }
}

impl Injected {
    pub(super) fn count(&mut self, kind: Hostile) {
        self.0[kind as usize] += 1;
    }

    /// Each kind's name and number, in the order of [`Hostile::ALL`].
    pub fn by_kind(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Hostile::ALL.iter().map(|kind| (kind.name(), self.0[*kind as usize]))
    }
}
