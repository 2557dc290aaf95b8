"""The mailbox log: sends and acknowledgements enter it here, and its answers come back."""
