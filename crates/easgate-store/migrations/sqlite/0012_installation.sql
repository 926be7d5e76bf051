-- Whose store this is: one row. Whoever knows another id than this one is a copy, or a second easgate.
CREATE TABLE installation (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id    TEXT NOT NULL,
    node  TEXT NOT NULL,
    since INTEGER NOT NULL,
    seen  INTEGER NOT NULL
) STRICT;
