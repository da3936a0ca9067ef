-- The definitions: what p99, goodput, imbalance and availability are, once, for the terminal, the
-- charts and a person's own SQL. They are made anew in a database whenever this text has changed.
--
-- Latencies are of measured requests that ended ok, unless `cause` says otherwise. Ask for one run
-- (WHERE run = 7): the condition reaches the tables, and nothing else is read.

-- The occupied buckets of each histogram: count values v with low_ns <= v < low_ns + width_ns.
-- Below 128 ns a bucket is one value, above it is one of 128 equal parts of a power of two.
DROP VIEW IF EXISTS latency_bucket;
CREATE VIEW latency_bucket AS
SELECT run, from_ns, until_ns, client, class, cause, bucket,
       (bucket - 128 * octave) << octave AS low_ns, 1 << octave AS width_ns, count
FROM (SELECT l.run, l.from_ns, l.until_ns, l.client, l.class, l.cause,
             l.first + CAST(b.key AS INTEGER) AS bucket,
             max((l.first + CAST(b.key AS INTEGER)) / 128 - 1, 0) AS octave, b.value AS count
      FROM latency AS l, json_each(l.buckets) AS b WHERE b.value > 0);

-- A run's latencies in order: `below` values lie in buckets before this one, `total` in all.
DROP VIEW IF EXISTS latency_ordered;
CREATE VIEW latency_ordered AS
SELECT run, bucket, low_ns, width_ns, count,
       sum(count) OVER (PARTITION BY run ORDER BY bucket ROWS UNBOUNDED PRECEDING) - count AS below,
       sum(count) OVER (PARTITION BY run) AS total
FROM (SELECT run, bucket, low_ns, width_ns, sum(count) AS count
      FROM latency_bucket WHERE cause = 'ok' GROUP BY run, bucket);

-- The quantiles people ask for.
DROP VIEW IF EXISTS quantile;
CREATE VIEW quantile AS
SELECT 0.5 AS p UNION ALL SELECT 0.9 UNION ALL SELECT 0.99 UNION ALL SELECT 0.999;

-- The p quantile of a run: in the first bucket that brings the count to p * total, interpolated
-- over its whole numbers, never outside [min, max].
DROP VIEW IF EXISTS run_quantile;
CREATE VIEW run_quantile AS
SELECT o.run, q.p,
       min(max(o.low_ns + (o.width_ns - 1) * (q.p * o.total - o.below) / o.count, e.min_ns),
           e.max_ns) / 1e6 AS latency_ms
FROM latency_ordered AS o
JOIN (SELECT run, min(min_ns) AS min_ns, max(max_ns) AS max_ns
      FROM latency WHERE cause = 'ok' GROUP BY run) AS e ON e.run = o.run
JOIN quantile AS q ON o.below < q.p * o.total AND o.below + o.count >= q.p * o.total;

-- Share of requests slower than a latency: one point for the upper end of each occupied bucket.
DROP VIEW IF EXISTS latency_ccdf;
CREATE VIEW latency_ccdf AS
SELECT run, (low_ns + width_ns - 1) / 1e6 AS latency_ms,
       (total - below - count) * 1.0 / total AS slower, total - below - count AS requests
FROM latency_ordered;

-- The same quantiles interval by interval, all classes together. Intervals in which nothing ended
-- have no row.
DROP VIEW IF EXISTS latency_over_time;
CREATE VIEW latency_over_time AS
WITH ordered AS (
    SELECT run, from_ns, until_ns, bucket, low_ns, width_ns, count,
           sum(count) OVER (PARTITION BY run, from_ns, until_ns ORDER BY bucket
                            ROWS UNBOUNDED PRECEDING) - count AS below,
           sum(count) OVER (PARTITION BY run, from_ns, until_ns) AS total
    FROM (SELECT run, from_ns, until_ns, bucket, low_ns, width_ns, sum(count) AS count
          FROM latency_bucket WHERE cause = 'ok' GROUP BY run, from_ns, until_ns, bucket)
), ranked AS (
    SELECT o.run, o.from_ns, o.until_ns, q.p,
           o.low_ns + (o.width_ns - 1) * (q.p * o.total - o.below) / o.count AS value_ns
    FROM ordered AS o
    JOIN quantile AS q ON o.below < q.p * o.total AND o.below + o.count >= q.p * o.total
), quantiles AS (
    SELECT run, from_ns, until_ns,
           max(CASE p WHEN 0.5 THEN value_ns END) AS p50,
           max(CASE p WHEN 0.9 THEN value_ns END) AS p90,
           max(CASE p WHEN 0.99 THEN value_ns END) AS p99,
           max(CASE p WHEN 0.999 THEN value_ns END) AS p99_9
    FROM ranked GROUP BY run, from_ns, until_ns
), counts AS (
    SELECT run, from_ns, until_ns,
           sum(CASE WHEN cause = 'ok' THEN count ELSE 0 END) AS ok,
           sum(CASE WHEN cause = 'ok' THEN 0 ELSE count END) AS failed,
           sum(CASE WHEN cause = 'ok' THEN sum_ns END) AS sum_ns,
           min(CASE WHEN cause = 'ok' THEN min_ns END) AS low,
           max(CASE WHEN cause = 'ok' THEN max_ns END) AS high
    FROM latency GROUP BY run, from_ns, until_ns
)
SELECT c.run, c.from_ns / 1e9 AS from_s, c.until_ns / 1e9 AS until_s, c.ok, c.failed,
       c.sum_ns / nullif(c.ok, 0) / 1e6 AS mean_ms,
       min(max(q.p50, c.low), c.high) / 1e6 AS p50_ms,
       min(max(q.p90, c.low), c.high) / 1e6 AS p90_ms,
       min(max(q.p99, c.low), c.high) / 1e6 AS p99_ms,
       min(max(q.p99_9, c.low), c.high) / 1e6 AS p99_9_ms,
       c.high / 1e6 AS max_ms
FROM counts AS c
LEFT JOIN quantiles AS q
       ON q.run = c.run AND q.from_ns = c.from_ns AND q.until_ns = c.until_ns;

-- Share of the picks of its tier, beside the share that the backend's declared weight asks for.
DROP VIEW IF EXISTS backend_summary;
CREATE VIEW backend_summary AS
SELECT run, n, name, "group", tier, weight, weight_end, slots, speed, picks, ok, failed,
       picks * 1.0 / nullif(sum(picks) OVER (PARTITION BY run, tier), 0) AS share,
       weight * 1.0 / nullif(sum(weight) OVER (PARTITION BY run, tier), 0) AS fair_share,
       utilization, in_flight_mean, queue_mean
FROM backend;

-- How many requests failed of what.
DROP VIEW IF EXISTS cause_summary;
CREATE VIEW cause_summary AS
SELECT run, cause, sum(count) AS count FROM outcome WHERE cause <> 'ok' GROUP BY run, cause;

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
       r.duration_ns / 1e9 AS duration_s, r.warmup_ns / 1e9 AS warmup_s, r.simulated_s,
       r.arrived, r.ok, r.failed, r.in_flight, r.good, r.attempts,
       l.mean_ms, q.p50_ms, q.p90_ms, q.p99_ms, q.p99_9_ms, l.max_ms,
       r.response_sum_ns / nullif(r.response_count, 0) / 1e6 AS response_mean_ms,
       (r.ok + r.failed) / nullif(r.simulated_s, 0.0) AS throughput_per_s,
       r.good / nullif(r.simulated_s, 0.0) AS goodput_per_s,
       r.ok * 1.0 / nullif(r.ok + r.failed, 0) AS availability,
       r.failed * 1.0 / nullif(r.ok + r.failed, 0) AS errors, b.imbalance
FROM run AS r
JOIN scenario AS s ON s.id = r.scenario
LEFT JOIN (SELECT run, sum(sum_ns) / sum(count) / 1e6 AS mean_ms, max(max_ns) / 1e6 AS max_ms
           FROM latency WHERE cause = 'ok' GROUP BY run) AS l ON l.run = r.id
LEFT JOIN (SELECT run, max(CASE p WHEN 0.5 THEN latency_ms END) AS p50_ms,
                  max(CASE p WHEN 0.9 THEN latency_ms END) AS p90_ms,
                  max(CASE p WHEN 0.99 THEN latency_ms END) AS p99_ms,
                  max(CASE p WHEN 0.999 THEN latency_ms END) AS p99_9_ms
           FROM run_quantile GROUP BY run) AS q ON q.run = r.id
LEFT JOIN (SELECT run, max(share / fair_share) AS imbalance
           FROM backend_summary WHERE fair_share > 0 AND tier = 0 GROUP BY run) AS b ON b.run = r.id;

-- One row for each class of requests of a run.
DROP VIEW IF EXISTS class_summary;
CREATE VIEW class_summary AS
WITH ordered AS (
    SELECT run, client, class, bucket, low_ns, width_ns, count,
           sum(count) OVER (PARTITION BY run, client, class ORDER BY bucket
                            ROWS UNBOUNDED PRECEDING) - count AS below,
           sum(count) OVER (PARTITION BY run, client, class) AS total
    FROM (SELECT run, client, class, bucket, low_ns, width_ns, sum(count) AS count
          FROM latency_bucket WHERE cause = 'ok' GROUP BY run, client, class, bucket)
), quantiles AS (
    SELECT o.run, o.client, o.class,
           max(CASE q.p WHEN 0.5 THEN
               o.low_ns + (o.width_ns - 1) * (q.p * o.total - o.below) / o.count END) AS p50,
           max(CASE q.p WHEN 0.9 THEN
               o.low_ns + (o.width_ns - 1) * (q.p * o.total - o.below) / o.count END) AS p90,
           max(CASE q.p WHEN 0.99 THEN
               o.low_ns + (o.width_ns - 1) * (q.p * o.total - o.below) / o.count END) AS p99,
           max(CASE q.p WHEN 0.999 THEN
               o.low_ns + (o.width_ns - 1) * (q.p * o.total - o.below) / o.count END) AS p99_9
    FROM ordered AS o
    JOIN quantile AS q ON o.below < q.p * o.total AND o.below + o.count >= q.p * o.total
    GROUP BY o.run, o.client, o.class
), ends AS (
    SELECT run, client, class, sum(sum_ns) / sum(count) AS mean, min(min_ns) AS low,
           max(max_ns) AS high
    FROM latency WHERE cause = 'ok' GROUP BY run, client, class
)
SELECT c.run, c.client, c.class, c.client_name, c.name, c.share, c.timeout_ns, c.objective_ns,
       c.arrived, c.ok, c.failed, c.in_flight, c.good, c.attempts,
       c.ok * 1.0 / nullif(c.ok + c.failed, 0) AS availability,
       e.mean / 1e6 AS mean_ms,
       min(max(q.p50, e.low), e.high) / 1e6 AS p50_ms,
       min(max(q.p90, e.low), e.high) / 1e6 AS p90_ms,
       min(max(q.p99, e.low), e.high) / 1e6 AS p99_ms,
       min(max(q.p99_9, e.low), e.high) / 1e6 AS p99_9_ms,
       e.high / 1e6 AS max_ms
FROM class AS c
LEFT JOIN ends AS e ON e.run = c.run AND e.client = c.client AND e.class = c.class
LEFT JOIN quantiles AS q ON q.run = c.run AND q.client = c.client AND q.class = c.class;

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
