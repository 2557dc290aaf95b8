"""What a node lets in: limits, policy, pressure, budgets, connections."""
