"""What a device's profile may change about a decoder: data, and nothing a profile can compute.

Without hints a payload is read by the book.
"""

from decimal import Decimal

import msgspec


class Hints(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The deviations from the book that captures have shown. All off is the book itself."""

    pulse_and_status_big_endian: bool = False  # 2A35
    user_byte_always_sent: bool = False  # 2A35, whatever its flag says
    ketone_meal: int | None = None  # 2A34: the meal code that marks a ketone test
    racp_success_code: int | None = None  # 2A52: one more code that means success
    weight_step_kg: Decimal | None = None  # 2A9D, instead of 0.005
    user_byte_meaningless: bool = False  # 2A9D


BY_THE_BOOK = Hints()

# The published deviations by profile id, for callers that hold a name and no profile. The same
# facts stand in firmware_profiles/, and a test holds the two together.
NAMED = {
    "beurer/bm85": Hints(pulse_and_status_big_endian=True, user_byte_always_sent=True),
    "i-sens/caresens": Hints(ketone_meal=6),
    "agamatrix/jazz": Hints(racp_success_code=0),
    "renpho/es-wbe28": Hints(weight_step_kg=Decimal("0.05"), user_byte_meaningless=True),
}
