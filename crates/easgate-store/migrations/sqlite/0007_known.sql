-- What the runs know between them, so that a run which looks at changes alone finds what they mean.

-- Watermarks, delta links and what was found out about filters, by name.
CREATE TABLE marks (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    name         TEXT NOT NULL,
    content      TEXT NOT NULL,
    PRIMARY KEY (organization, name)
) STRICT, WITHOUT ROWID;

-- Records of device management. The digest is of what decisions rest on.
CREATE TABLE known_records (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL,
    owner        TEXT NOT NULL,
    device       TEXT,
    compliance   TEXT NOT NULL,
    digest       INTEGER NOT NULL,
    content      TEXT NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_records_by_device ON known_records (organization, device);

CREATE TABLE known_users (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL,
    digest       INTEGER NOT NULL,
    content      TEXT NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

-- Addresses in lower case, the user principal name among them.
CREATE TABLE known_addresses (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    address      TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    PRIMARY KEY (organization, address, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_addresses_by_user ON known_addresses (organization, user_id);

CREATE TABLE known_partnerships (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL,
    mailbox      TEXT NOT NULL,
    device       TEXT NOT NULL,
    state        TEXT NOT NULL,
    stamp        TEXT NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_partnerships_by_device ON known_partnerships (organization, device);
CREATE INDEX known_partnerships_by_mailbox ON known_partnerships (organization, mailbox);

-- What changed and has not been acted upon: it outlives a run that ends in the middle.
CREATE TABLE open_work (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    kind         TEXT NOT NULL,
    value        TEXT NOT NULL,
    since        INTEGER NOT NULL,
    PRIMARY KEY (organization, kind, value)
) STRICT, WITHOUT ROWID;
