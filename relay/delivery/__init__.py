"""From the log to a device: catch-up, live sockets, the node's inbox, its entries on the board."""
