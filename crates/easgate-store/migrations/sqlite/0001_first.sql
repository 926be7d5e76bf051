-- Times are microseconds since 1970-01-01 UTC, Guids are hyphenated text.
-- Device ids are compared without ASCII case (NOCASE) and kept as written.

CREATE TABLE organizations (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    exchange_guid TEXT UNIQUE,
    tenant        TEXT
) STRICT;

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY,
    organization INTEGER NOT NULL REFERENCES organizations (id),
    kind         TEXT NOT NULL,
    mode         TEXT NOT NULL,
    started      INTEGER NOT NULL,
    finished     INTEGER,
    result       TEXT,
    server       TEXT,
    figures      TEXT
) STRICT;
CREATE INDEX runs_by_organization ON runs (organization, id);

-- What the last good run saw, for comparison with the next.
CREATE TABLE baselines (
    organization INTEGER PRIMARY KEY REFERENCES organizations (id),
    run          INTEGER NOT NULL REFERENCES runs (id),
    content      TEXT NOT NULL
) STRICT;

CREATE TABLE devices (
    organization  INTEGER NOT NULL REFERENCES organizations (id),
    mailbox       TEXT NOT NULL,
    device        TEXT NOT NULL COLLATE NOCASE,
    address       TEXT NOT NULL COLLATE NOCASE,
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
    PRIMARY KEY (organization, mailbox, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_by_address ON devices (organization, address, mailbox, device);
CREATE INDEX devices_refused ON devices (organization, refused) WHERE refused = 1;

-- The list entries that are ours.
CREATE TABLE owned (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    mailbox      TEXT NOT NULL,
    list         TEXT NOT NULL,
    device       TEXT NOT NULL COLLATE NOCASE,
    decision     TEXT NOT NULL,
    run          INTEGER NOT NULL REFERENCES runs (id),
    added        INTEGER NOT NULL,
    PRIMARY KEY (organization, mailbox, list, device)
) STRICT, WITHOUT ROWID;

-- Intents, and their outcomes once they are known.
CREATE TABLE journal (
    id             INTEGER PRIMARY KEY,
    organization   INTEGER NOT NULL REFERENCES organizations (id),
    run            INTEGER NOT NULL REFERENCES runs (id),
    mailbox        TEXT NOT NULL,
    address        TEXT NOT NULL,
    device         TEXT NOT NULL COLLATE NOCASE,
    allow_edit     TEXT NOT NULL,
    allow_existed  INTEGER NOT NULL,
    block_edit     TEXT NOT NULL,
    block_existed  INTEGER NOT NULL,
    access         TEXT NOT NULL,
    reason         TEXT NOT NULL,
    decision       TEXT NOT NULL,
    effect         TEXT NOT NULL,
    intended       INTEGER NOT NULL,
    outcome        TEXT NOT NULL DEFAULT 'pending',
    settled        INTEGER,
    detail         TEXT
) STRICT;
CREATE INDEX journal_by_time ON journal (organization, intended);
CREATE INDEX journal_unsettled ON journal (organization, outcome) WHERE outcome IN ('pending', 'unknown');
