"""What happens after `accepted`: the log is projected, pushed, aged out, and its limits are kept."""
