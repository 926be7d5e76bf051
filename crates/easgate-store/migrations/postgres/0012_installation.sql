-- Whose store this is: one row. Whoever knows another id than this one is a copy, or a second easgate.
CREATE TABLE installation (
    one   BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    id    TEXT COLLATE "C" NOT NULL,
    node  TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    seen  BIGINT NOT NULL
);
