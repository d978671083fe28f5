"""The main job end to end on one machine, with virtual devices: `make demo`."""
