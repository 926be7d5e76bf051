-- The runs that carried out a plan from a file, so that a plan that was interrupted can be gone on with.
CREATE TABLE plan_runs (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    plan         TEXT NOT NULL,
    run          INTEGER NOT NULL REFERENCES runs (id),
    hash         TEXT NOT NULL,
    PRIMARY KEY (organization, plan, run)
) STRICT, WITHOUT ROWID;

-- Changes that failed and are looked at again, each from fresh facts.
CREATE TABLE retries (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    mailbox      TEXT NOT NULL,
    device       TEXT NOT NULL,
    device_key   TEXT NOT NULL,
    address      TEXT NOT NULL,
    cause        TEXT NOT NULL,
    first_failed INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    due          INTEGER,
    PRIMARY KEY (organization, mailbox, device_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX retries_due ON retries (organization, due);
