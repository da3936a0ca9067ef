-- From version 1 to 2: the ledger. This file is frozen once released: what changes later is a further
-- step.

-- What lies behind the measured requests of a class that failed, and behind those that came ok but
-- beyond their objective (outcome 'slow', cause ''). No row for a count of 0; the sums are failed,
-- and ok - good.
CREATE TABLE ledger (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    client INTEGER NOT NULL,
    class INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('failed', 'slow')),
    cause TEXT NOT NULL,
    why TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (run, client, class, outcome, cause, why)
) WITHOUT ROWID;
