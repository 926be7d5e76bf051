-- The audit: one chain of records for each organisation. How a record is hashed is in docs/audit.md.

CREATE TABLE audit (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    sequence     INTEGER NOT NULL,
    recorded     INTEGER NOT NULL,
    actor        TEXT NOT NULL,
    actor_uid    INTEGER,
    action       TEXT NOT NULL,
    decision     TEXT,
    run          INTEGER,
    mailbox      TEXT,
    address      TEXT,
    device       TEXT,
    command      TEXT,
    value_before TEXT,
    value_after  TEXT,
    outcome      TEXT,
    reason       TEXT,
    server       TEXT,
    request      TEXT,
    previous     TEXT NOT NULL,
    hash         TEXT NOT NULL,
    PRIMARY KEY (organization, sequence)
) STRICT, WITHOUT ROWID;

-- Against mistakes, not against whoever owns the file: the chain shows what he does.
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;

-- The last record of each chain; its row is what writers queue at.
CREATE TABLE audit_heads (
    organization INTEGER PRIMARY KEY REFERENCES organizations (id),
    sequence     INTEGER NOT NULL,
    hash         TEXT NOT NULL
) STRICT;

-- Heads that were sealed with the key, which is not in the store.
CREATE TABLE audit_checkpoints (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    sequence     INTEGER NOT NULL,
    hash         TEXT NOT NULL,
    sealed       INTEGER NOT NULL,
    key_id       TEXT NOT NULL,
    seal         TEXT NOT NULL,
    PRIMARY KEY (organization, sequence, key_id)
) STRICT, WITHOUT ROWID;

-- What was sent, and to which server.
ALTER TABLE journal ADD COLUMN command TEXT NOT NULL DEFAULT '';
ALTER TABLE journal ADD COLUMN server TEXT;
