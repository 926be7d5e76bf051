-- What the runs know between them, so that a run which looks at changes alone finds what they mean.

-- Watermarks, delta links and what was found out about filters, by name.
CREATE TABLE marks (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    name         TEXT COLLATE "C" NOT NULL,
    content      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization, name)
);

-- Records of device management. The digest is of what decisions rest on.
CREATE TABLE known_records (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    id           TEXT COLLATE "C" NOT NULL,
    owner        TEXT COLLATE "C" NOT NULL,
    device       TEXT COLLATE "C",
    compliance   TEXT COLLATE "C" NOT NULL,
    digest       BIGINT NOT NULL,
    content      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization, id)
);
CREATE INDEX known_records_by_device ON known_records (organization, device);

CREATE TABLE known_users (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    id           TEXT COLLATE "C" NOT NULL,
    digest       BIGINT NOT NULL,
    content      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization, id)
);

-- Addresses in lower case, the user principal name among them.
CREATE TABLE known_addresses (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    address      TEXT COLLATE "C" NOT NULL,
    user_id      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization, address, user_id)
);
CREATE INDEX known_addresses_by_user ON known_addresses (organization, user_id);

CREATE TABLE known_partnerships (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    id           TEXT COLLATE "C" NOT NULL,
    mailbox      TEXT COLLATE "C" NOT NULL,
    device       TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    stamp        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization, id)
);
CREATE INDEX known_partnerships_by_device ON known_partnerships (organization, device);
CREATE INDEX known_partnerships_by_mailbox ON known_partnerships (organization, mailbox);

-- What changed and has not been acted upon: it outlives a run that ends in the middle.
CREATE TABLE open_work (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    kind         TEXT COLLATE "C" NOT NULL,
    value        TEXT COLLATE "C" NOT NULL,
    since        BIGINT NOT NULL,
    PRIMARY KEY (organization, kind, value)
);
