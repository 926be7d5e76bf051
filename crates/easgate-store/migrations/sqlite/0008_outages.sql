-- The servers that could not be reached when they were last tried, by the address that was asked.
CREATE TABLE outages (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    server       TEXT NOT NULL,
    since        INTEGER NOT NULL,
    failures     INTEGER NOT NULL,
    tried        INTEGER NOT NULL,
    cause        TEXT NOT NULL,
    PRIMARY KEY (organization, server)
) STRICT, WITHOUT ROWID;
