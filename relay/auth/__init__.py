"""Who is asking: passwords, tokens, login sessions and their end."""
