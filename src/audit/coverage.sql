-- Particulars of what was looked at beside an opening entry, of how the answer went through beside a closing one: a JSON object
-- of counts by name.
CREATE TABLE coverage(
  seq    INTEGER PRIMARY KEY,
  counts TEXT NOT NULL
) STRICT;
