-- Every file is compared with this text, so a change here is a new version of the format.

-- One row for each link of the chain; the other tables say what the entry holds.
CREATE TABLE entry(
  seq   INTEGER PRIMARY KEY,
  at_us INTEGER NOT NULL,
  kind  TEXT NOT NULL,
  hash  BLOB NOT NULL CHECK(length(hash) = 32)
) STRICT;
CREATE INDEX entry_at ON entry(at_us);

-- The first entry of each file: which file came before, and where the chain stood.
CREATE TABLE segment(
  seq      INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  previous TEXT,
  last     INTEGER NOT NULL,
  head     BLOB NOT NULL CHECK(length(head) = 32)
) STRICT;

CREATE TABLE opened(
  seq          INTEGER PRIMARY KEY,
  exchange     BLOB NOT NULL UNIQUE CHECK(length(exchange) = 16),
  caller       TEXT NOT NULL,
  subject      TEXT,
  conversation TEXT,
  route        TEXT NOT NULL,
  provider     TEXT NOT NULL,
  method       TEXT NOT NULL,
  path         TEXT NOT NULL,
  model        TEXT,
  streaming    INTEGER NOT NULL,
  ruleset      TEXT NOT NULL,
  strings      INTEGER NOT NULL,
  bytes        INTEGER NOT NULL,
  opaque       INTEGER NOT NULL,
  exemptions   TEXT NOT NULL
) STRICT;
CREATE INDEX opened_caller ON opened(caller);
CREATE INDEX opened_subject ON opened(subject) WHERE subject IS NOT NULL;
CREATE INDEX opened_conversation ON opened(conversation) WHERE conversation IS NOT NULL;

-- What the caller declared beside an opening entry, if it declared something.
CREATE TABLE declared(
  seq     INTEGER PRIMARY KEY,
  purpose TEXT,
  consent TEXT
) STRICT;

-- `opened` is the number of the opening entry, here or in the file before.
CREATE TABLE closed(
  seq           INTEGER PRIMARY KEY,
  opened        INTEGER NOT NULL UNIQUE,
  outcome       TEXT NOT NULL,
  reason        TEXT,
  status        INTEGER,
  input         INTEGER,
  output        INTEGER,
  cached        INTEGER,
  redact_us     INTEGER NOT NULL,
  commit_us     INTEGER NOT NULL,
  first_byte_us INTEGER,
  total_us      INTEGER NOT NULL,
  restored      INTEGER NOT NULL,
  unrestored    INTEGER NOT NULL,
  truncated     INTEGER NOT NULL
) STRICT;
CREATE INDEX closed_failed ON closed(status) WHERE status >= 400;

CREATE TABLE event(
  seq    INTEGER PRIMARY KEY,
  name   TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;

-- Of the request beside an opening entry, of the answer beside a closing one.
CREATE TABLE finding(
  seq     INTEGER NOT NULL,
  place   INTEGER NOT NULL,
  entity  TEXT NOT NULL,
  pattern TEXT NOT NULL,
  action  TEXT NOT NULL,
  count   INTEGER NOT NULL,
  PRIMARY KEY(seq, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_entity ON finding(entity, seq);

-- Particulars of what was looked at beside an opening entry, of how the answer went through beside a closing one: a JSON object
-- of counts by name.
CREATE TABLE coverage(
  seq    INTEGER PRIMARY KEY,
  counts TEXT NOT NULL
) STRICT;

-- The text beside such an entry, sealed. `subject` and `day` (from 1970) name the two keys in `keys.db` that open it.
CREATE TABLE payload(
  seq     INTEGER PRIMARY KEY,
  codec   TEXT NOT NULL,
  subject INTEGER NOT NULL,
  day     INTEGER NOT NULL,
  bytes   BLOB NOT NULL
) STRICT;
-- Subject 1 is nobody.
CREATE INDEX payload_subject ON payload(subject) WHERE subject > 1;

-- For people with `sqlite3`: one row for each exchange that was opened in this file.
CREATE VIEW exchange AS
SELECT lower(hex(opened.exchange)) AS id, strftime('%Y-%m-%dT%H:%M:%fZ', entry.at_us / 1e6, 'unixepoch') AS at,
  opened.caller, opened.subject, opened.conversation, opened.route, opened.provider, opened.method, opened.path, opened.model,
  opened.streaming, opened.ruleset, opened.strings, opened.bytes, opened.opaque, opened.exemptions,
  closed.outcome, closed.reason, closed.status, closed.input, closed.output, closed.cached,
  closed.redact_us, closed.commit_us, closed.first_byte_us, closed.total_us, closed.restored, closed.unrestored,
  opened.seq AS opened_seq, closed.seq AS closed_seq
FROM opened JOIN entry ON entry.seq = opened.seq LEFT JOIN closed ON closed.opened = opened.seq;

-- A file begins with its one segment entry; each further entry has the next number, and its rows come before it.
CREATE TRIGGER segment_begins BEFORE INSERT ON segment
WHEN EXISTS(SELECT 1 FROM entry) OR EXISTS(SELECT 1 FROM segment) OR NEW.seq IS NOT NEW.last + 1
BEGIN SELECT RAISE(FAIL, 'a file has one segment entry, its first'); END;

CREATE TRIGGER entry_follows BEFORE INSERT ON entry
WHEN NEW.seq IS NOT coalesce((SELECT max(seq) + 1 FROM entry), (SELECT seq FROM segment))
BEGIN SELECT RAISE(FAIL, 'an entry has the number after the newest'); END;

CREATE TRIGGER opened_once BEFORE INSERT ON opened
WHEN EXISTS(SELECT 1 FROM opened WHERE exchange = NEW.exchange)
BEGIN SELECT RAISE(FAIL, 'an exchange is opened once'); END;

CREATE TRIGGER closed_once BEFORE INSERT ON closed
WHEN EXISTS(SELECT 1 FROM closed WHERE opened = NEW.opened)
BEGIN SELECT RAISE(FAIL, 'an exchange is closed once'); END;
