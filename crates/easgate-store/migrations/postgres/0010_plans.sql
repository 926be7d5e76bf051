-- The runs that carried out a plan from a file, so that a plan that was interrupted can be gone on with.
CREATE TABLE plan_runs (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    plan         TEXT COLLATE "C" NOT NULL,
    run          BIGINT NOT NULL REFERENCES runs (id),
    hash         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization, plan, run)
);

-- Changes that failed and are looked at again, each from fresh facts.
CREATE TABLE retries (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    mailbox      TEXT COLLATE "C" NOT NULL,
    device       TEXT COLLATE "C" NOT NULL,
    device_key   TEXT COLLATE "C" NOT NULL,
    address      TEXT COLLATE "C" NOT NULL,
    cause        TEXT COLLATE "C" NOT NULL,
    first_failed BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    due          BIGINT,
    PRIMARY KEY (organization, mailbox, device_key)
);
CREATE INDEX retries_due ON retries (organization, due);
