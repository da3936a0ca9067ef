-- From one version to the next: comparisons, baselines, what circuit breakers did. This file is frozen once
-- released: what changes later is a further step.

-- A comparison is an experiment of kind 'compare': its cells are the arms, in the order they were named, and
-- all have the same replications.
ALTER TABLE experiment ADD COLUMN rule TEXT NOT NULL DEFAULT '';     -- when it was to stop, for people
ALTER TABLE experiment ADD COLUMN baseline INTEGER;                  -- cell.n of the arm the others stand against

-- Of an arm: what it is called, and which variant of the scenario its settings are on top of.
ALTER TABLE cell ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE cell ADD COLUMN variant TEXT NOT NULL DEFAULT '';

-- Circuit breakers of all balancers within the measured window; NULL when the scenario has none, and in
-- runs recorded before. reopened: after trials; away_s: not closed, summed over all of them.
ALTER TABLE run ADD COLUMN breaker_opened INTEGER;
ALTER TABLE run ADD COLUMN breaker_reopened INTEGER;
ALTER TABLE run ADD COLUMN breaker_closed INTEGER;
ALTER TABLE run ADD COLUMN breaker_away_s REAL;

-- The same of one backend: openings, those after trials among them, and the share of the window in which
-- its breakers were not closed.
ALTER TABLE backend ADD COLUMN breaker_opened INTEGER;
ALTER TABLE backend ADD COLUMN breaker_away REAL;

-- What a person has given a name to, to hold later runs or experiments against. The digest is that of the run
-- or experiment when it was named: one that has it no more is another one, whatever its number.
CREATE TABLE baseline (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('run', 'experiment')),
    number INTEGER NOT NULL,                -- run.id or experiment.id
    digest TEXT NOT NULL,                   -- 16 hex digits
    saved_s INTEGER NOT NULL
) WITHOUT ROWID;
