-- The tables of version 1. This file is frozen: what changes later is a further step.
--
-- Times are ns of simulated time (columns _ns) or seconds since 1970 (started_s). Counts of
-- requests are of measured requests: those that arrived in [warm-up, duration).

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- A file as it was read, with what --set, --algorithm and --seed changed on top of it.
CREATE TABLE scenario (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,       -- 16 hex digits, of text and settings
    name TEXT NOT NULL,
    about TEXT NOT NULL,
    path TEXT NOT NULL,
    text TEXT NOT NULL,
    settings TEXT NOT NULL           -- "path=value", one a line
);

CREATE TABLE experiment (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,              -- compare, sweep
    name TEXT NOT NULL,
    created_s INTEGER NOT NULL
);

-- One point of the grid of an experiment.
CREATE TABLE cell (
    id INTEGER PRIMARY KEY,
    experiment INTEGER NOT NULL REFERENCES experiment (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    settings TEXT NOT NULL,
    UNIQUE (experiment, n)
);

CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- what `lbsim report RUN` takes; never used twice
    sequence INTEGER NOT NULL UNIQUE,       -- the latest run has the largest
    scenario INTEGER NOT NULL REFERENCES scenario (id),
    cell INTEGER REFERENCES cell (id) ON DELETE CASCADE,
    variant TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    params TEXT NOT NULL,                   -- "choices=2 replacement=no"
    ideal INTEGER NOT NULL,                 -- 1 = the algorithm knows what no balancer can know
    seed TEXT NOT NULL,                     -- 0 to 2^64 - 1
    replication INTEGER NOT NULL,
    version TEXT NOT NULL,
    build TEXT NOT NULL,
    libc TEXT NOT NULL,
    cpu TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('done', 'interrupted')),
    digest TEXT NOT NULL,                   -- 16 hex digits
    started_s INTEGER NOT NULL,
    wall_s REAL NOT NULL,
    events INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('steady', 'transient')),
    duration_ns INTEGER NOT NULL,
    warmup_ns INTEGER NOT NULL,
    sample_ns INTEGER NOT NULL,
    simulated_s REAL NOT NULL,
    arrived INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    good INTEGER NOT NULL,                  -- ok within the objective
    attempts INTEGER NOT NULL,
    latency_sum_ns REAL NOT NULL,           -- of ok requests; min and max NULL when there were none
    latency_min_ns INTEGER,
    latency_max_ns INTEGER,
    -- Response times of ok requests, in the form of table latency.
    response_count INTEGER NOT NULL,
    response_sum_ns REAL NOT NULL,
    response_min_ns INTEGER,
    response_max_ns INTEGER,
    response_first INTEGER NOT NULL,
    response_buckets TEXT NOT NULL
);

CREATE UNIQUE INDEX run_key
    ON run (scenario, coalesce(cell, 0), variant, algorithm, params, seed, replication, version)
    WHERE state = 'done';
CREATE INDEX run_cell ON run (cell) WHERE cell IS NOT NULL;

-- A class of requests of a client group.
CREATE TABLE class (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    client INTEGER NOT NULL,
    class INTEGER NOT NULL,
    client_name TEXT NOT NULL,
    name TEXT NOT NULL,
    share REAL NOT NULL,
    timeout_ns INTEGER NOT NULL,            -- 0 = none
    objective_ns INTEGER NOT NULL,          -- 0 = any
    arrived INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    good INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    latency_sum_ns REAL NOT NULL,
    latency_min_ns INTEGER,
    latency_max_ns INTEGER,
    PRIMARY KEY (run, client, class)
) WITHOUT ROWID;

-- How requests ended: count by class and cause; 'ok', or why it failed. No row for a count of 0.
CREATE TABLE outcome (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    client INTEGER NOT NULL,
    class INTEGER NOT NULL,
    cause TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (run, client, class, cause)
) WITHOUT ROWID;

CREATE TABLE backend (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,                     -- its place in the scenario, from 0
    name TEXT NOT NULL,
    "group" TEXT NOT NULL,
    tier INTEGER NOT NULL,
    weight INTEGER NOT NULL,                -- as declared
    weight_end INTEGER NOT NULL,            -- when the run was over
    slots INTEGER NOT NULL,
    speed REAL NOT NULL,
    picks INTEGER NOT NULL,                 -- attempts of measured requests
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    utilization REAL NOT NULL,              -- the rest: time averages over the measured window
    in_flight_mean REAL NOT NULL,
    queue_mean REAL NOT NULL,
    PRIMARY KEY (run, n)
) WITHOUT ROWID;

-- Latencies of ok requests over the whole run, one row for each occupied bucket of the log-linear
-- histogram: of a class, and of all together as client -1, class -1.
CREATE TABLE latency_total (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    client INTEGER NOT NULL,
    class INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    below INTEGER NOT NULL,                 -- values in the buckets before this one
    count INTEGER NOT NULL,                 -- values in this one
    PRIMARY KEY (run, client, class, bucket)
) WITHOUT ROWID;

-- Latencies of the requests of one class that ended in one interval in one way. buckets is a JSON
-- list (or object) of counts: item i is bucket first + i of the histogram; the view latency_bucket
-- has their bounds.
CREATE TABLE latency (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    from_ns INTEGER NOT NULL,
    until_ns INTEGER NOT NULL,
    client INTEGER NOT NULL,
    class INTEGER NOT NULL,
    cause TEXT NOT NULL,                    -- 'ok', or why it failed
    count INTEGER NOT NULL,
    sum_ns REAL NOT NULL,
    min_ns INTEGER NOT NULL,
    max_ns INTEGER NOT NULL,
    first INTEGER NOT NULL,
    buckets TEXT NOT NULL,
    PRIMARY KEY (run, from_ns, until_ns, client, class, cause)
);

-- The whole system at one instant. backends is a JSON list with a list for each row of `sampled`:
-- [belief, truth, weight, busy, queue, in_flight, line, utilization x 10000, picks, ok, failed] and,
-- for a group, how many of it are believed up. 0 stands for the belief "up" and the truth "ok", null
-- for beliefs or truths that differ within a group. The view sample_backend gives them names.
CREATE TABLE sample (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    at_ns INTEGER NOT NULL,
    balancer INTEGER NOT NULL,
    interval_ns INTEGER NOT NULL,           -- since the last sample
    arrived INTEGER NOT NULL,               -- since the start, warm-up included
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    waiting INTEGER NOT NULL,               -- in the balancer's common queue
    backends TEXT NOT NULL,
    PRIMARY KEY (run, at_ns, balancer)
);

-- What the n-th list of a sample is: a backend, or a group of several folded into one.
CREATE TABLE sampled (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    name TEXT NOT NULL,
    first INTEGER NOT NULL,                 -- backends [first, first + members)
    members INTEGER NOT NULL,
    slots INTEGER NOT NULL,
    PRIMARY KEY (run, n)
) WITHOUT ROWID;

-- What happened, in order: commands of the timeline or of a person, beliefs, phases.
CREATE TABLE event (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('command', 'belief', 'phase')),
    what TEXT NOT NULL,                     -- the command, the new belief or the phase
    backend INTEGER,                        -- backend.n
    target TEXT NOT NULL,
    by_person INTEGER NOT NULL,
    belief_from TEXT,
    belief_to TEXT,
    truth TEXT,                             -- of the backend, at that moment
    text TEXT NOT NULL,
    PRIMARY KEY (run, n)
) WITHOUT ROWID;

CREATE TABLE expect (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    text TEXT NOT NULL,
    holds INTEGER NOT NULL,
    value REAL,                             -- NULL = there was no request to measure it on
    unit TEXT NOT NULL,                     -- ns, per second, share, count, ratio
    PRIMARY KEY (run, n)
) WITHOUT ROWID;
