-- Who stopped all writing to an organisation, and why. No row, no pause.
CREATE TABLE pauses (
    organization INTEGER PRIMARY KEY REFERENCES organizations (id),
    since        INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    name         TEXT NOT NULL,
    uid          INTEGER
) STRICT;

-- What the guard held, one row for each class and occasion. States: held, approved, rejected, ended.
CREATE TABLE held_plans (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    plan         TEXT NOT NULL,
    cause        TEXT NOT NULL,
    state        TEXT NOT NULL,
    run          INTEGER NOT NULL REFERENCES runs (id),
    since        INTEGER NOT NULL,
    seen         INTEGER NOT NULL,
    figures      TEXT NOT NULL,
    name         TEXT,
    uid          INTEGER,
    decided      INTEGER,
    expires      INTEGER,
    note         TEXT,
    PRIMARY KEY (organization, plan)
) STRICT, WITHOUT ROWID;

-- The changes of a held plan. device_key is the device in lower case.
CREATE TABLE held_changes (
    organization INTEGER NOT NULL,
    plan         TEXT NOT NULL,
    mailbox      TEXT NOT NULL,
    device_key   TEXT NOT NULL,
    device       TEXT NOT NULL,
    address      TEXT NOT NULL,
    access       TEXT NOT NULL,
    reason       TEXT NOT NULL,
    level_before TEXT NOT NULL,
    level_after  TEXT NOT NULL,
    since        INTEGER NOT NULL,
    PRIMARY KEY (organization, plan, mailbox, device_key),
    FOREIGN KEY (organization, plan) REFERENCES held_plans (organization, plan)
) STRICT, WITHOUT ROWID;

-- What people decided about single devices. acted is when a run last made Exchange agree with the row's state.
CREATE TABLE overrides (
    id           INTEGER PRIMARY KEY,
    organization INTEGER NOT NULL REFERENCES organizations (id),
    mailbox      TEXT NOT NULL,
    device_key   TEXT NOT NULL,
    device       TEXT NOT NULL,
    address      TEXT NOT NULL,
    access       TEXT NOT NULL,
    note         TEXT NOT NULL,
    name         TEXT NOT NULL,
    uid          INTEGER,
    made         INTEGER NOT NULL,
    expires      INTEGER,
    acted        INTEGER,
    ended        INTEGER,
    ended_how    TEXT,
    ended_name   TEXT,
    ended_uid    INTEGER,
    ended_note   TEXT
) STRICT;
CREATE UNIQUE INDEX overrides_standing ON overrides (organization, mailbox, device_key) WHERE ended IS NULL;

-- Devices whose record vanished together with many others, and until when they are held.
CREATE TABLE tombstones (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    mailbox      TEXT NOT NULL,
    device_key   TEXT NOT NULL,
    device       TEXT NOT NULL,
    address      TEXT NOT NULL,
    record       TEXT NOT NULL,
    since        INTEGER NOT NULL,
    expires      INTEGER NOT NULL,
    PRIMARY KEY (organization, mailbox, device_key)
) STRICT, WITHOUT ROWID;
