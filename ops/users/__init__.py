"""`sealstream users`: one account at a time, found by its exact name or id; nobody can list them all."""
