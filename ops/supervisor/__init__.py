"""`sealstream up`: starts everything in order, keeps it running, ends it in order."""
