"""The verifier in parts. `export.standalone` joins them into the one file a packet carries.

Each part needs only the standard library, `cryptography` and the parts before it; names at the top
of a part are its own among all parts, private ones too.
"""
