-- The audit: one chain of records for each organisation. How a record is hashed is in docs/audit.md.

CREATE TABLE audit (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    sequence     BIGINT NOT NULL,
    recorded     BIGINT NOT NULL,
    actor        TEXT COLLATE "C" NOT NULL,
    actor_uid    BIGINT,
    action       TEXT COLLATE "C" NOT NULL,
    decision     TEXT COLLATE "C",
    run          BIGINT,
    mailbox      TEXT COLLATE "C",
    address      TEXT COLLATE "C",
    device       TEXT COLLATE "C",
    command      TEXT COLLATE "C",
    value_before TEXT COLLATE "C",
    value_after  TEXT COLLATE "C",
    outcome      TEXT COLLATE "C",
    reason       TEXT COLLATE "C",
    server       TEXT COLLATE "C",
    request      TEXT COLLATE "C",
    previous     TEXT COLLATE "C" NOT NULL,
    hash         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization, sequence)
);

-- Against mistakes, not against whoever owns the database: the chain shows what he does.
CREATE FUNCTION audit_is_only_added_to() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only added to';
END
$$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to();

-- The last record of each chain; its row is what writers queue at.
CREATE TABLE audit_heads (
    organization BIGINT PRIMARY KEY REFERENCES organizations (id),
    sequence     BIGINT NOT NULL,
    hash         TEXT COLLATE "C" NOT NULL
);

-- Heads that were sealed with the key, which is not in the store.
CREATE TABLE audit_checkpoints (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    sequence     BIGINT NOT NULL,
    hash         TEXT COLLATE "C" NOT NULL,
    sealed       BIGINT NOT NULL,
    key_id       TEXT COLLATE "C" NOT NULL,
    seal         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization, sequence, key_id)
);

-- What was sent, and to which server.
ALTER TABLE journal ADD COLUMN command TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE journal ADD COLUMN server TEXT COLLATE "C";
