"""Device profiles as data: one TOML file a model and, beside it, what the device really sent."""
