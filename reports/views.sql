-- The definitions: what p99, goodput, imbalance and availability are, once, for the terminal, the
-- charts and a person's own SQL. They are made anew in a database whenever this text has changed.
--
-- Latencies are of measured requests that ended ok, unless `cause` says otherwise. Ask for one run
-- (WHERE run = 7): the condition reaches the tables, and nothing else is read.

-- The quantiles people ask for.
DROP VIEW IF EXISTS quantile;
CREATE VIEW quantile AS
SELECT 0.5 AS p UNION ALL SELECT 0.9 UNION ALL SELECT 0.99 UNION ALL SELECT 0.999;

-- The buckets of the whole run: count values v with low_ns <= v < low_ns + width_ns, `below` values
-- in the buckets before. Below 128 ns a bucket is one value, above it is one of 128 equal parts of a
-- power of two.
DROP VIEW IF EXISTS total_bucket;
CREATE VIEW total_bucket AS
SELECT run, client, class, bucket,
       (bucket - 128 * max(bucket / 128 - 1, 0)) << max(bucket / 128 - 1, 0) AS low_ns,
       1 << max(bucket / 128 - 1, 0) AS width_ns, below, count
FROM latency_total;

-- The p quantile: in the first bucket that brings the count to p * total, interpolated over its
-- whole numbers, never outside [min, max].
DROP VIEW IF EXISTS run_quantile;
CREATE VIEW run_quantile AS
SELECT r.id AS run, q.p,
       min(max(b.low_ns + (b.width_ns - 1) * (q.p * r.ok - b.below) / b.count, r.latency_min_ns),
           r.latency_max_ns) / 1e6 AS latency_ms
FROM run AS r, quantile AS q
JOIN total_bucket AS b ON b.run = r.id AND b.client = -1 AND b.class = -1
                      AND b.below < q.p * r.ok AND b.below + b.count >= q.p * r.ok;

DROP VIEW IF EXISTS class_quantile;
CREATE VIEW class_quantile AS
SELECT c.run, c.client, c.class, q.p,
       min(max(b.low_ns + (b.width_ns - 1) * (q.p * c.ok - b.below) / b.count, c.latency_min_ns),
           c.latency_max_ns) / 1e6 AS latency_ms
FROM class AS c, quantile AS q
JOIN total_bucket AS b ON b.run = c.run AND b.client = c.client AND b.class = c.class
                      AND b.below < q.p * c.ok AND b.below + b.count >= q.p * c.ok;

-- The same of the response times (wait + service of the attempt that answered).
DROP VIEW IF EXISTS response_quantile;
CREATE VIEW response_quantile AS
WITH bucket AS (
    SELECT r.id AS run, r.response_first + CAST(b.key AS INTEGER) AS bucket, b.value AS count,
           max((r.response_first + CAST(b.key AS INTEGER)) / 128 - 1, 0) AS octave,
           r.response_count AS total, r.response_min_ns AS low, r.response_max_ns AS high
    FROM run AS r, json_each(r.response_buckets) AS b WHERE b.value > 0
), ordered AS (
    SELECT *, sum(count) OVER (PARTITION BY run ORDER BY bucket ROWS UNBOUNDED PRECEDING) - count
              AS below
    FROM bucket
)
SELECT o.run, q.p,
       min(max(((o.bucket - 128 * o.octave) << o.octave)
               + ((1 << o.octave) - 1) * (q.p * o.total - o.below) / o.count, o.low), o.high) / 1e6
       AS response_ms
FROM ordered AS o
JOIN quantile AS q ON o.below < q.p * o.total AND o.below + o.count >= q.p * o.total;

-- Share of requests slower than a latency: one point for the upper end of each occupied bucket.
DROP VIEW IF EXISTS latency_ccdf;
CREATE VIEW latency_ccdf AS
SELECT b.run, (b.low_ns + b.width_ns - 1) / 1e6 AS latency_ms,
       (r.ok - b.below - b.count) * 1.0 / r.ok AS slower, r.ok - b.below - b.count AS requests
FROM total_bucket AS b
JOIN run AS r ON r.id = b.run
WHERE b.client = -1 AND b.class = -1;

-- The occupied buckets of each interval.
DROP VIEW IF EXISTS latency_bucket;
CREATE VIEW latency_bucket AS
SELECT run, from_ns, until_ns, client, class, cause, min_ns, max_ns, bucket,
       (bucket - 128 * octave) << octave AS low_ns, 1 << octave AS width_ns, count
FROM (SELECT l.run, l.from_ns, l.until_ns, l.client, l.class, l.cause, l.min_ns, l.max_ns,
             l.first + CAST(b.key AS INTEGER) AS bucket,
             max((l.first + CAST(b.key AS INTEGER)) / 128 - 1, 0) AS octave, b.value AS count
      FROM latency AS l, json_each(l.buckets) AS b WHERE b.value > 0);

-- The same quantiles interval by interval, all classes together. Intervals in which nothing ended
-- have no row. (Window functions all the way: SQLite hands a condition on `run` through them.)
DROP VIEW IF EXISTS latency_over_time;
CREATE VIEW latency_over_time AS
WITH bucket AS (
    SELECT run, from_ns, until_ns, bucket, low_ns, width_ns,
           sum(CASE WHEN cause = 'ok' THEN count ELSE 0 END) AS ok,
           sum(CASE WHEN cause = 'ok' THEN 0 ELSE count END) AS failed,
           min(CASE WHEN cause = 'ok' THEN min_ns END) AS low,
           max(CASE WHEN cause = 'ok' THEN max_ns END) AS high
    FROM latency_bucket GROUP BY run, from_ns, until_ns, bucket
), ordered AS (
    SELECT run, from_ns, until_ns, low_ns, width_ns, ok,
           sum(ok) OVER (PARTITION BY run, from_ns, until_ns ORDER BY bucket
                         ROWS UNBOUNDED PRECEDING) - ok AS below,
           sum(ok) OVER interval AS total, sum(failed) OVER interval AS failed,
           min(low) OVER interval AS low, max(high) OVER interval AS high
    FROM bucket WINDOW interval AS (PARTITION BY run, from_ns, until_ns)
), ranked AS (
    SELECT run, from_ns, until_ns, q.p, total, failed, low, high,
           min(max(low_ns + (width_ns - 1) * (q.p * total - below) / nullif(ok, 0), low), high)
           / 1e6 AS latency_ms
    FROM ordered
    JOIN quantile AS q ON below < q.p * total AND below + ok >= q.p * total OR total = 0
)
SELECT DISTINCT run, from_ns / 1e9 AS from_s, until_ns / 1e9 AS until_s, total AS ok, failed,
       max(CASE p WHEN 0.5 THEN latency_ms END) OVER interval AS p50_ms,
       max(CASE p WHEN 0.9 THEN latency_ms END) OVER interval AS p90_ms,
       max(CASE p WHEN 0.99 THEN latency_ms END) OVER interval AS p99_ms,
       max(CASE p WHEN 0.999 THEN latency_ms END) OVER interval AS p99_9_ms,
       high / 1e6 AS max_ms
FROM ranked WINDOW interval AS (PARTITION BY run, from_ns, until_ns);

-- Share of the picks of its tier, beside the share that the backend's declared weight asks for.
DROP VIEW IF EXISTS backend_summary;
CREATE VIEW backend_summary AS
SELECT run, n, name, "group", tier, weight, weight_end, slots, speed, picks, ok, failed,
       picks * 1.0 / nullif(sum(picks) OVER (PARTITION BY run, tier), 0) AS share,
       weight * 1.0 / nullif(sum(weight) OVER (PARTITION BY run, tier), 0) AS fair_share,
       utilization, in_flight_mean, queue_mean, breaker_opened, breaker_away
FROM backend;

-- Where a run has several balancers, or one with a capacity; errors: of those that ended.
DROP VIEW IF EXISTS balancer_summary;
CREATE VIEW balancer_summary AS
SELECT run, n, name, requests, ok, failed, good, failed * 1.0 / nullif(ok + failed, 0) AS errors, picks,
       in_flight_mean, waiting_mean, utilization, queue_mean, beliefs, takeovers, connections,
       connections_mean
FROM balancer;

-- How many requests failed of what.
DROP VIEW IF EXISTS cause_summary;
CREATE VIEW cause_summary AS
SELECT run, cause, sum(count) AS count FROM outcome WHERE cause <> 'ok' GROUP BY run, cause;

-- What lies behind the requests that failed, and those that came ok but beyond their objective
-- (outcome 'slow', without a cause); share: of those that arrived.
DROP VIEW IF EXISTS ledger_summary;
CREATE VIEW ledger_summary AS
SELECT l.run, l.outcome, nullif(l.cause, '') AS cause, l.why, sum(l.count) AS count,
       sum(l.count) * 1.0 / r.arrived AS share
FROM ledger AS l
JOIN run AS r ON r.id = l.run
GROUP BY l.run, l.outcome, l.cause, l.why;

-- One row a run.
--   throughput    requests that ended, ok or not, per second of the measured window
--   goodput       ... that ended ok within the objective of their class
--   availability  ok / (ok + failed); errors is the rest
--   imbalance     maximum over backends of share of picks / share of weight, in the first tier
DROP VIEW IF EXISTS run_summary;
CREATE VIEW run_summary AS
SELECT r.id AS run, r.sequence, s.name AS scenario, r.variant, s.settings, r.algorithm, r.params,
       r.ideal, r.seed, r.replication, r.version, r.build, r.state, r.kind, r.digest, r.started_s,
       datetime(r.started_s, 'unixepoch') AS started_utc, r.wall_s, r.events,
       r.duration_ns / 1e9 AS duration_s, r.warmup_ns / 1e9 AS warmup_s, r.sample_ns, r.simulated_s,
       r.arrived, r.ok, r.failed, r.in_flight, r.good, r.attempts,
       r.latency_sum_ns / nullif(r.ok, 0) / 1e6 AS mean_ms,
       (SELECT latency_ms FROM run_quantile AS q WHERE q.run = r.id AND q.p = 0.5) AS p50_ms,
       (SELECT latency_ms FROM run_quantile AS q WHERE q.run = r.id AND q.p = 0.9) AS p90_ms,
       (SELECT latency_ms FROM run_quantile AS q WHERE q.run = r.id AND q.p = 0.99) AS p99_ms,
       (SELECT latency_ms FROM run_quantile AS q WHERE q.run = r.id AND q.p = 0.999) AS p99_9_ms,
       r.latency_max_ns / 1e6 AS max_ms,
       r.response_sum_ns / nullif(r.response_count, 0) / 1e6 AS response_mean_ms,
       r.response_max_ns / 1e6 AS response_max_ms,
       (r.ok + r.failed) / nullif(r.simulated_s, 0.0) AS throughput_per_s,
       r.good / nullif(r.simulated_s, 0.0) AS goodput_per_s,
       r.ok * 1.0 / nullif(r.ok + r.failed, 0) AS availability,
       r.failed * 1.0 / nullif(r.ok + r.failed, 0) AS errors,
       (SELECT max(CASE WHEN b.weight > 0 THEN b.picks * 1.0 / b.weight END) * sum(b.weight)
               / nullif(sum(b.picks), 0)
        FROM backend AS b WHERE b.run = r.id AND b.tier = 0) AS imbalance,
       r.breaker_opened, r.breaker_reopened, r.breaker_closed, r.breaker_away_s
FROM run AS r
JOIN scenario AS s ON s.id = r.scenario;

-- One row for each class of requests of a run.
DROP VIEW IF EXISTS class_summary;
CREATE VIEW class_summary AS
SELECT run, client, class, client_name, name, share, timeout_ns / 1e6 AS timeout_ms,
       objective_ns / 1e6 AS objective_ms, arrived, ok, failed, in_flight, good, attempts,
       ok * 1.0 / nullif(ok + failed, 0) AS availability,
       latency_sum_ns / nullif(ok, 0) / 1e6 AS mean_ms,
       (SELECT latency_ms FROM class_quantile AS q
        WHERE q.run = c.run AND q.client = c.client AND q.class = c.class AND q.p = 0.5) AS p50_ms,
       (SELECT latency_ms FROM class_quantile AS q
        WHERE q.run = c.run AND q.client = c.client AND q.class = c.class AND q.p = 0.9) AS p90_ms,
       (SELECT latency_ms FROM class_quantile AS q
        WHERE q.run = c.run AND q.client = c.client AND q.class = c.class AND q.p = 0.99) AS p99_ms,
       (SELECT latency_ms FROM class_quantile AS q
        WHERE q.run = c.run AND q.client = c.client AND q.class = c.class
              AND q.p = 0.999) AS p99_9_ms,
       latency_max_ns / 1e6 AS max_ms
FROM class AS c;

-- Each backend (or folded group) at each sample.
DROP VIEW IF EXISTS sample_backend;
CREATE VIEW sample_backend AS
SELECT s.run, s.at_ns / 1e9 AS at_s, s.balancer, d.n, d.name, d.members,
       CASE json_extract(b.value, '$[0]') WHEN 0 THEN 'up'
            ELSE json_extract(b.value, '$[0]') END AS belief,
       CASE json_extract(b.value, '$[1]') WHEN 0 THEN 'ok'
            ELSE json_extract(b.value, '$[1]') END AS truth,
       json_extract(b.value, '$[2]') AS weight, d.slots,
       json_extract(b.value, '$[3]') AS busy, json_extract(b.value, '$[4]') AS queue,
       json_extract(b.value, '$[5]') AS in_flight, json_extract(b.value, '$[6]') AS line,
       json_extract(b.value, '$[7]') / 10000.0 AS utilization,
       json_extract(b.value, '$[8]') AS picks, json_extract(b.value, '$[9]') AS ok,
       json_extract(b.value, '$[10]') AS failed,
       coalesce(json_extract(b.value, '$[11]'),
                json_extract(b.value, '$[0]') IN (0, 'warming')) AS up
FROM sample AS s, json_each(s.backends) AS b
JOIN sampled AS d ON d.run = s.run AND d.n = b.key;

-- One row for each replication of a cell of a sweep. The quantiles were taken from the histogram of that
-- replication, which is not kept; what is kept is one of all replications of the cell: cell_bucket.
DROP VIEW IF EXISTS trial_summary;
CREATE VIEW trial_summary AS
SELECT c.experiment, c.n AS cell, c.settings, c.algorithm, t.replication, t.digest, t.arrived, t.ok,
       t.failed, t.in_flight, t.good, t.attempts,
       t.latency_sum_ns / nullif(t.ok, 0) / 1e6 AS mean_ms, t.p50_ns / 1e6 AS p50_ms,
       t.p90_ns / 1e6 AS p90_ms, t.p99_ns / 1e6 AS p99_ms, t.p99_9_ns / 1e6 AS p99_9_ms,
       t.latency_max_ns / 1e6 AS max_ms,
       (t.ok + t.failed) / nullif(t.simulated_s, 0.0) AS throughput_per_s,
       t.good / nullif(t.simulated_s, 0.0) AS goodput_per_s,
       t.ok * 1.0 / nullif(t.ok + t.failed, 0) AS availability,
       t.failed * 1.0 / nullif(t.ok + t.failed, 0) AS errors, t.imbalance, t.sessions_lost
FROM trial AS t
JOIN cell AS c ON c.id = t.cell;

-- One row a cell: means over its replications. (Intervals need Student's t: `lbsim sweep --show`.)
DROP VIEW IF EXISTS cell_summary;
CREATE VIEW cell_summary AS
SELECT experiment, cell, settings, algorithm, count(*) AS replications, avg(mean_ms) AS mean_ms,
       avg(p50_ms) AS p50_ms, avg(p90_ms) AS p90_ms, avg(p99_ms) AS p99_ms,
       avg(p99_9_ms) AS p99_9_ms, avg(throughput_per_s) AS throughput_per_s,
       avg(goodput_per_s) AS goodput_per_s, avg(availability) AS availability,
       avg(errors) AS errors, avg(imbalance) AS imbalance, avg(sessions_lost) AS sessions_lost
FROM trial_summary GROUP BY experiment, cell, settings, algorithm;

-- The latencies of a cell, all its replications together, as total_bucket has those of a run.
DROP VIEW IF EXISTS cell_bucket;
CREATE VIEW cell_bucket AS
SELECT experiment, cell, bucket, (bucket - 128 * octave) << octave AS low_ns,
       1 << octave AS width_ns, count,
       sum(count) OVER (PARTITION BY experiment, cell ORDER BY bucket ROWS UNBOUNDED PRECEDING)
       - count AS below, total
FROM (SELECT c.experiment, c.n AS cell, c.latency_first + CAST(b.key AS INTEGER) AS bucket,
             max((c.latency_first + CAST(b.key AS INTEGER)) / 128 - 1, 0) AS octave,
             b.value AS count, c.latency_count AS total
      FROM cell AS c, json_each(c.latency_buckets) AS b WHERE b.value > 0);
