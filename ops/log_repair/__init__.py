"""When a log or a database was lost, or one is older than the other: what the relay goes on with.

`restore-log-heads` fills an empty log from the database, `adopt-log` joins two that do not belong together.
Both retire the one-time prekeys of the database and give the pair a new log id, at which clients take the
relay's numbers as they come. Either may be interrupted and run again; until it is through, nothing starts.
"""
