-- Who may write an organisation. The token only grows: a write under an older one is refused.
CREATE TABLE leases (
    organization BIGINT PRIMARY KEY REFERENCES organizations (id),
    token        BIGINT NOT NULL,
    -- NULL after a clean hand-over.
    holder       TEXT COLLATE "C",
    node         TEXT COLLATE "C" NOT NULL,
    granted      BIGINT NOT NULL,
    expires      BIGINT NOT NULL,
    -- 1 when the holder before neither handed over nor was heard of.
    taken_over   BIGINT NOT NULL
);

-- What is known of the store itself and of each organisation's state, beside the configuration.
CREATE TABLE conditions (
    organization BIGINT PRIMARY KEY REFERENCES organizations (id),
    -- When the store was restored from a copy; until an administrator says so nothing is written to Exchange.
    restored     BIGINT,
    -- When somebody else was found to undo our entries; likewise.
    contested    BIGINT,
    -- The installation that may write the organisation, and the time from which it does.
    installation TEXT COLLATE "C",
    claimed      BIGINT
);

-- Entries of ours that somebody else took out of the lists: one row for each time that we had added them.
CREATE TABLE undone (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    mailbox      TEXT COLLATE "C" NOT NULL,
    list         TEXT COLLATE "C" NOT NULL,
    device_key   TEXT COLLATE "C" NOT NULL,
    -- The intent that had added it.
    intent       BIGINT NOT NULL,
    seen         BIGINT NOT NULL,
    PRIMARY KEY (organization, mailbox, list, device_key, intent)
);
