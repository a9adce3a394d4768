"""Model repositories: the hub client, digests, the gates before a load, the verified cache, and a local hub server."""
