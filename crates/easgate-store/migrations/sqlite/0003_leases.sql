-- Device ids are compared by a key in lower case from here on, as PostgreSQL needs it; they are still kept as written.

CREATE TABLE devices_by_key (
    organization  INTEGER NOT NULL REFERENCES organizations (id),
    mailbox       TEXT NOT NULL,
    device_key    TEXT NOT NULL,
    device        TEXT NOT NULL,
    address       TEXT NOT NULL,
    device_type   TEXT NOT NULL,
    model         TEXT NOT NULL,
    os            TEXT NOT NULL,
    friendly_name TEXT NOT NULL,
    client_type   TEXT,
    state         TEXT NOT NULL,
    state_reason  TEXT NOT NULL,
    access        TEXT NOT NULL,
    reason        TEXT NOT NULL,
    refused       INTEGER,
    record        TEXT,
    first_sync    INTEGER,
    changed       INTEGER NOT NULL,
    gone          INTEGER,
    PRIMARY KEY (organization, mailbox, device_key)
) STRICT, WITHOUT ROWID;
INSERT INTO devices_by_key (organization, mailbox, device_key, device, address, device_type, model, os, friendly_name,
    client_type, state, state_reason, access, reason, refused, record, first_sync, changed, gone)
SELECT organization, mailbox, LOWER(device), device, address, device_type, model, os, friendly_name,
    client_type, state, state_reason, access, reason, refused, record, first_sync, changed, gone
FROM devices;
DROP TABLE devices;
ALTER TABLE devices_by_key RENAME TO devices;
CREATE INDEX devices_by_address ON devices (organization, LOWER(address), mailbox, device_key);
CREATE INDEX devices_refused ON devices (organization, refused) WHERE refused = 1;

CREATE TABLE owned_by_key (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    mailbox      TEXT NOT NULL,
    list         TEXT NOT NULL,
    device_key   TEXT NOT NULL,
    device       TEXT NOT NULL,
    decision     TEXT NOT NULL,
    run          INTEGER NOT NULL REFERENCES runs (id),
    added        INTEGER NOT NULL,
    PRIMARY KEY (organization, mailbox, list, device_key)
) STRICT, WITHOUT ROWID;
INSERT INTO owned_by_key (organization, mailbox, list, device_key, device, decision, run, added)
SELECT organization, mailbox, list, LOWER(device), device, decision, run, added FROM owned;
DROP TABLE owned;
ALTER TABLE owned_by_key RENAME TO owned;

-- Who may write an organisation. The token only grows: a write under an older one is refused.
CREATE TABLE leases (
    organization INTEGER PRIMARY KEY REFERENCES organizations (id),
    token        INTEGER NOT NULL,
    -- NULL after a clean hand-over.
    holder       TEXT,
    node         TEXT NOT NULL,
    granted      INTEGER NOT NULL,
    expires      INTEGER NOT NULL,
    -- 1 when the holder before neither handed over nor was heard of.
    taken_over   INTEGER NOT NULL
) STRICT;

-- Why nothing is written to an organisation until an administrator says so. Kinds: restored, contested.
CREATE TABLE cautions (
    organization INTEGER PRIMARY KEY REFERENCES organizations (id),
    kind         TEXT NOT NULL,
    since        INTEGER NOT NULL,
    detail       TEXT NOT NULL
) STRICT;

-- Entries of ours that somebody else took out of the lists: one row for each time that we had added them.
CREATE TABLE undone (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    mailbox      TEXT NOT NULL,
    list         TEXT NOT NULL,
    device_key   TEXT NOT NULL,
    -- The intent that had added it.
    intent       INTEGER NOT NULL,
    seen         INTEGER NOT NULL,
    PRIMARY KEY (organization, mailbox, list, device_key, intent)
) STRICT, WITHOUT ROWID;
