-- Instants are whole 100-ns ticks since 1970-01-01T00:00:00Z: in any SQLite tool,
-- datetime(updated / 10000000, 'unixepoch') shows one to the second.

-- What connections belong to, and whose that is. What an owner enters belongs to its home; an owner may have others, which
-- were moved to it.
CREATE TABLE groups (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    home INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX groups_home ON groups (owner) WHERE home;
CREATE INDEX groups_owner ON groups (owner);

CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    group_id TEXT NOT NULL,
    name TEXT,
    tenant_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    cloud TEXT NOT NULL,
    simulator TEXT,                         -- its origin, where cloud is 'simulated'
    since INTEGER NOT NULL,
    interval_ms INTEGER NOT NULL,
    secret_expires TEXT,                    -- YYYY-MM-DD
    -- 'pending', 'connected', 'paused', 'removing'; then 'removed', or 'kept' where only its records stay.
    -- The last two are tombstones: they keep a late run's fence from fitting a new connection.
    lifecycle TEXT NOT NULL,
    keep_records INTEGER NOT NULL DEFAULT 0, -- while it is being removed: its records stay
    -- What the last test found: 1, 0, or NULL where that is not known.
    write_back INTEGER,
    custom_detections INTEGER,
    created INTEGER NOT NULL,
    version INTEGER NOT NULL,
    next_due INTEGER NOT NULL,
    last_attempt INTEGER,
    lease_until INTEGER,
    fence INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 0,    -- the greatest of its records
    checkpoint TEXT,
    status TEXT
) STRICT;

CREATE UNIQUE INDEX connections_once ON connections (group_id, tenant_id, client_id, cloud)
    WHERE lifecycle NOT IN ('removed', 'kept');
CREATE INDEX connections_due ON connections (next_due) WHERE lifecycle = 'connected';
CREATE INDEX connections_unfinished ON connections (created) WHERE lifecycle IN ('pending', 'removing');

CREATE TABLE records (
    connection TEXT NOT NULL REFERENCES connections (id),
    kind TEXT NOT NULL,                     -- 'incident' or 'alert'
    id TEXT NOT NULL,
    created INTEGER,
    updated INTEGER,
    title TEXT,
    status TEXT COLLATE NOCASE,
    severity TEXT COLLATE NOCASE,
    classification TEXT,
    determination TEXT,
    assigned_to TEXT,
    incident_id TEXT,
    redirect_incident_id TEXT,
    revision INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,              -- XXH3-128 of raw, big endian
    -- For sorting: no instant comes before every instant (year -9999 is at -3.8e18).
    updated_key INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(updated, -9000000000000000000)) VIRTUAL,
    created_key INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(created, -9000000000000000000)) VIRTUAL,
    raw ANY NOT NULL,                       -- the JSON as sent; last, so that a head is read without it
    UNIQUE (connection, kind, id)
) STRICT;

CREATE UNIQUE INDEX records_changed ON records (connection, revision);
CREATE INDEX records_newest ON records (kind, updated_key, created_key, id, connection);
CREATE INDEX records_newest_of_one ON records (connection, kind, updated_key, created_key, id);
CREATE INDEX records_created ON records (created, severity) WHERE kind = 'incident';
CREATE INDEX alerts_of_incident ON records (connection, incident_id) WHERE kind = 'alert';
CREATE INDEX incidents_redirected ON records (connection, redirect_incident_id)
    WHERE kind = 'incident' AND redirect_incident_id IS NOT NULL;
