"""`sealstream replay`: what happened, proved from the log, over ciphertext only."""
