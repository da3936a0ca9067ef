-- From one version to the next: sweeps. This file is frozen once released: what changes later is a
-- further step.
--
-- A sweep may be 10,000 cells of 20 runs, so its runs are no rows of `run`: a trial is one short row
-- with its counts and quantiles, and a cell keeps one histogram of latencies over all its trials.

ALTER TABLE experiment ADD COLUMN key TEXT NOT NULL DEFAULT '';      -- 16 hex digits: all that follows
ALTER TABLE experiment ADD COLUMN scenario INTEGER REFERENCES scenario (id);
ALTER TABLE experiment ADD COLUMN variant TEXT NOT NULL DEFAULT '';
ALTER TABLE experiment ADD COLUMN grid TEXT NOT NULL DEFAULT '';     -- "path: value, value", a key a line
ALTER TABLE experiment ADD COLUMN cells INTEGER NOT NULL DEFAULT 0;  -- how many there are to be
ALTER TABLE experiment ADD COLUMN replications INTEGER NOT NULL DEFAULT 0;
ALTER TABLE experiment ADD COLUMN seed TEXT NOT NULL DEFAULT '';
ALTER TABLE experiment ADD COLUMN version TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX experiment_key ON experiment (key) WHERE key <> '';

-- A row is there once the cell is done. settings: "path=value", one a line.
ALTER TABLE cell ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE cell ADD COLUMN algorithm TEXT NOT NULL DEFAULT '';
ALTER TABLE cell ADD COLUMN ideal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cell ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE cell ADD COLUMN duration_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cell ADD COLUMN warmup_ns INTEGER NOT NULL DEFAULT 0;
-- Latencies of ok requests of all trials, in the form of table latency.
ALTER TABLE cell ADD COLUMN latency_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cell ADD COLUMN latency_min_ns INTEGER;
ALTER TABLE cell ADD COLUMN latency_max_ns INTEGER;
ALTER TABLE cell ADD COLUMN latency_first INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cell ADD COLUMN latency_buckets TEXT NOT NULL DEFAULT '[]';
-- Where and how long it took: no part of the result.
ALTER TABLE cell ADD COLUMN finished_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cell ADD COLUMN wall_s REAL NOT NULL DEFAULT 0;
ALTER TABLE cell ADD COLUMN build TEXT NOT NULL DEFAULT '';
ALTER TABLE cell ADD COLUMN libc TEXT NOT NULL DEFAULT '';
ALTER TABLE cell ADD COLUMN cpu TEXT NOT NULL DEFAULT '';

-- One replication of a cell.
CREATE TABLE trial (
    cell INTEGER NOT NULL REFERENCES cell (id) ON DELETE CASCADE,
    replication INTEGER NOT NULL,
    digest TEXT NOT NULL,                   -- of the run, 16 hex digits
    events INTEGER NOT NULL,
    simulated_s REAL NOT NULL,
    arrived INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    good INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    latency_sum_ns REAL NOT NULL,           -- of ok requests; the rest NULL when there were none
    latency_min_ns INTEGER,
    latency_max_ns INTEGER,
    p50_ns REAL,
    p90_ns REAL,
    p99_ns REAL,
    p99_9_ns REAL,
    imbalance REAL,
    sessions_lost INTEGER NOT NULL,
    PRIMARY KEY (cell, replication)
) WITHOUT ROWID;
