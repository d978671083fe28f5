"""Practice scenarios: scripted cases, and what a good log of each says. Pure."""
