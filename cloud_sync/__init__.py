"""The clinic: verifies, keeps, opens, counts and explains what the hubs send."""
