"""The roles of `schema.roles` on real servers: created, granted, examined, and written down."""
