"""A virtual radio with real pairing and GATT: devices, clock and bleak backend."""
