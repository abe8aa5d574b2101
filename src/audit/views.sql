-- More for people with `sqlite3`. Each view speaks of the exchanges that were opened in this file.

-- One row for each finding: on which side of which exchange, what, by which pattern, what was done, how often.
CREATE VIEW found AS
SELECT exchange.id AS exchange, exchange.at, 'request' AS side, finding.entity, finding.pattern, finding.action, finding.count,
  exchange.caller, exchange.subject, exchange.route, exchange.model
FROM finding JOIN exchange ON exchange.opened_seq = finding.seq
UNION ALL
SELECT exchange.id, exchange.at, 'answer', finding.entity, finding.pattern, finding.action, finding.count,
  exchange.caller, exchange.subject, exchange.route, exchange.model
FROM finding JOIN exchange ON exchange.closed_seq = finding.seq;

-- One row for each day (UTC), caller, route, model and outcome.
CREATE VIEW day AS
SELECT substr(at, 1, 10) AS day, caller, route, model, outcome, count(*) AS exchanges, sum(input) AS input, sum(output) AS output
FROM exchange GROUP BY 1, 2, 3, 4, 5;

-- What happened to the proxy and the log itself.
CREATE VIEW happening AS
SELECT event.seq, strftime('%Y-%m-%dT%H:%M:%fZ', entry.at_us / 1e6, 'unixepoch') AS at, event.name, event.detail
FROM event JOIN entry ON entry.seq = event.seq;
