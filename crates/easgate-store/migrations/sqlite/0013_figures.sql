-- How long single changes took from when device management knew of them until the list showed them.
CREATE TABLE latencies (
    id           INTEGER PRIMARY KEY,
    organization INTEGER NOT NULL REFERENCES organizations (id),
    at           INTEGER NOT NULL,
    took         INTEGER NOT NULL
) STRICT;
CREATE INDEX latencies_by_time ON latencies (organization, at);

-- What is counted and never counted down.
CREATE TABLE tallies (
    organization INTEGER NOT NULL REFERENCES organizations (id),
    name         TEXT NOT NULL,
    label        TEXT NOT NULL,
    value        INTEGER NOT NULL,
    PRIMARY KEY (organization, name, label)
) STRICT, WITHOUT ROWID;

CREATE INDEX journal_by_run ON journal (organization, run);
CREATE INDEX devices_gone ON devices (organization, gone) WHERE gone IS NOT NULL;
