-- The servers that could not be reached when they were last tried, by the address that was asked.
CREATE TABLE outages (
    organization BIGINT NOT NULL REFERENCES organizations (id),
    server       TEXT COLLATE "C" NOT NULL,
    since        BIGINT NOT NULL,
    failures     BIGINT NOT NULL,
    tried        BIGINT NOT NULL,
    cause        TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization, server)
);
