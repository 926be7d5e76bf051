-- The last refusal of an organisation's account by Exchange. While it stands and the secret is the same, nothing logs
-- on. Of the secret there are 16 bits of a salted digest: enough to see that it changed, too few to find it.
CREATE TABLE refusals (
    organization INTEGER PRIMARY KEY REFERENCES organizations (id),
    server       TEXT NOT NULL,
    since        INTEGER NOT NULL,
    cause        TEXT NOT NULL,
    salt         TEXT NOT NULL,
    mark         INTEGER NOT NULL
) STRICT;
