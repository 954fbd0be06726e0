"""What blocks show besides shares: streaks, luck, empty blocks, stale races, signalling, rewards, succession."""
