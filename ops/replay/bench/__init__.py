"""`make bench-audit`: a log, an archive and a database of a chosen size, and how fast they are audited."""
