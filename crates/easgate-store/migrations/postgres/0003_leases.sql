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

-- Why nothing is written to an organisation until an administrator says so. Kinds: restored, contested.
CREATE TABLE cautions (
    organization BIGINT PRIMARY KEY REFERENCES organizations (id),
    kind         TEXT COLLATE "C" NOT NULL,
    since        BIGINT NOT NULL,
    detail       TEXT COLLATE "C" NOT NULL
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
