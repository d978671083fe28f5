"""What the practice, its staff and its devices are, from which date on. Each change is a row."""

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Index, String, Table, Text

from cloud_sync.ledger.tables.base import HEX32, metadata

practice_detail = Table(  # append-only
    "practice_detail",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("practice", String(32), nullable=False),  # a short name the practice chose for itself
    Column("name", Text, nullable=False),
    Column("npi", String(10)),
    Column("address", Text),
    Column("effective_from", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Index(None, "practice"),
)

staff_detail = Table(  # append-only: as whom somebody worked, from which date on
    "staff_detail",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("staff_id", HEX32, ForeignKey("staff.id"), nullable=False),
    Column("billing_role", String(16), nullable=False),  # as the case file's `staff.role`
    Column("credential", Text),  # RN, LPN, CMA, MD
    Column("employed", Boolean, nullable=False),  # by the practice, not by a contractor
    Column("employer", Text),
    Column("npi", String(10)),
    Column("practice", String(32)),
    Column("effective_from", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Index(None, "staff_id"),
)

device_detail = Table(  # append-only: what a device is known to be, from which date on
    "device_detail",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("device_id", Text, ForeignKey("device.id"), nullable=False),
    Column("label", Text, nullable=False),
    Column("fda_defined", Boolean, nullable=False),
    Column("fda_basis", Text),  # what the practice rests that on: a clearance, a product code
    Column("automatic", Boolean, nullable=False),
    Column("test", Boolean, nullable=False),
    Column("manufacturer", Text),
    Column("model", Text),
    Column("serial", Text),
    Column("udi", Text),
    Column("effective_from", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Index(None, "device_id"),
)
