"""The home hub: radio and wires in, sealed envelopes out. It cannot read its own buffer."""
