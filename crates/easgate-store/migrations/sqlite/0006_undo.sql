-- The mode that an organisation is kept in, whatever its configuration says, until somebody ends it.
CREATE TABLE forced_modes (
    organization INTEGER PRIMARY KEY REFERENCES organizations (id),
    mode         TEXT NOT NULL,
    reason       TEXT NOT NULL,
    by_name      TEXT NOT NULL,
    by_uid       INTEGER,
    since        INTEGER NOT NULL,
    run          INTEGER REFERENCES runs (id)
) STRICT;

-- What the last full sync saw of that which others can change, for comparison with the next.
CREATE TABLE last_known (
    organization INTEGER PRIMARY KEY REFERENCES organizations (id),
    run          INTEGER NOT NULL REFERENCES runs (id),
    content      TEXT NOT NULL
) STRICT;

-- What others changed. Open until it is acknowledged; ended when Exchange does not show it any more.
CREATE TABLE drift (
    id                  INTEGER PRIMARY KEY,
    organization        INTEGER NOT NULL REFERENCES organizations (id),
    -- The last run that saw it.
    run                 INTEGER NOT NULL REFERENCES runs (id),
    kind                TEXT NOT NULL,
    mailbox             TEXT,
    subject             TEXT NOT NULL,
    list                TEXT,
    device              TEXT,
    value_before        TEXT,
    value_after         TEXT,
    contradicts         INTEGER NOT NULL,
    first_seen          INTEGER NOT NULL,
    last_seen           INTEGER NOT NULL,
    ended               INTEGER,
    acknowledged        INTEGER,
    acknowledged_by     TEXT,
    acknowledged_by_uid INTEGER,
    note                TEXT
) STRICT;
CREATE INDEX drift_by_organization ON drift (organization, id);
