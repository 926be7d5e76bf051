-- The last refusal of an organisation's account by Exchange. While it stands and the secret is the same, nothing logs
-- on. Of the secret there are 16 bits of a salted digest: enough to see that it changed, too few to find it.
CREATE TABLE refusals (
    organization BIGINT PRIMARY KEY REFERENCES organizations (id),
    server       TEXT COLLATE "C" NOT NULL,
    since        BIGINT NOT NULL,
    cause        TEXT COLLATE "C" NOT NULL,
    salt         TEXT COLLATE "C" NOT NULL,
    mark         BIGINT NOT NULL
);
