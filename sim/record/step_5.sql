-- From one version to the next: what each balancer did. This file is frozen once released: what changes
-- later is a further step.

-- A balancer of a run that has several, or one with a capacity; other runs, and those recorded before, have
-- no rows. Of measured requests by the balancers that their last try led to (sim/model/tally.h): one that
-- passed through two balancers is counted at both.
CREATE TABLE balancer (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,                     -- its place in the scenario, from 0
    name TEXT NOT NULL,
    requests INTEGER NOT NULL,              -- that came to it, tries of clients one by one
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    good INTEGER NOT NULL,
    picks INTEGER NOT NULL,                 -- attempts that it sent
    in_flight_mean REAL,                    -- attempts in its books, time average over the measured window
    waiting_mean REAL,                      -- waiting there for a place at a backend, the same
    utilization REAL,                       -- busy share of its workers; NULL when it has no capacity
    queue_mean REAL,                        -- waiting for a worker, the same
    beliefs INTEGER NOT NULL,               -- it changed about its backends, within the window
    takeovers INTEGER NOT NULL,             -- of addresses, the same
    connections INTEGER,                    -- of clients, accepted; NULL when clients have none
    connections_mean REAL,                  -- of clients, held, time average
    PRIMARY KEY (run, n)
) WITHOUT ROWID;
