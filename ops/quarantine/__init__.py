"""`sealstream quarantine`: what workers set aside, listed, handled again, or dropped."""
