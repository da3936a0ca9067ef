-- From one version to the next: comparisons. This file is frozen once released: what changes later is a
-- further step.

-- A comparison is an experiment of kind 'compare': its cells are the arms, in the order they were named, and
-- all have the same replications.
ALTER TABLE experiment ADD COLUMN rule TEXT NOT NULL DEFAULT '';     -- when it was to stop, for people
ALTER TABLE experiment ADD COLUMN baseline INTEGER;                  -- cell.n of the arm the others stand against

-- Of an arm: what it is called, and which variant of the scenario its settings are on top of.
ALTER TABLE cell ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE cell ADD COLUMN variant TEXT NOT NULL DEFAULT '';
