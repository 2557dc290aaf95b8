"""Real Valkey and real PostgreSQL from their wheels, in one data directory, on local sockets only."""
