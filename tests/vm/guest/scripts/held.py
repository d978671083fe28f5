"""In the guest: every sealed envelope as the uplink would read it, one line of hex each."""

import sys
from pathlib import Path

from gateway.buffer.database import OwnerDown
from gateway.buffer.outbox import look

view = look(Path("/var/lib/vitals/collector/sealed.db"), limit=10**9)
if isinstance(view, OwnerDown):
    sys.exit(f"the buffer cannot be read now: {view.reason}")
for envelope in view.held:
    print(envelope.raw.hex())
