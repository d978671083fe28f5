"""Record Access Control Point 2A52: its indications, and the requests a hub may write.

There is no delete request here, on purpose: a hub never removes a record from a device.
"""

from cloud_sync.contract.readings import RacpCount, RacpResponse
from gateway.decoders.codes import name
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints

_REPORT, _ABORT, _COUNT = 0x01, 0x03, 0x04
_COUNT_REPLY, _RESPONSE, _COMBINED_REPLY = 0x05, 0x06, 0x08
_NULL, _ALL, _FROM, _LAST = 0x00, 0x01, 0x03, 0x06
_BY_SEQUENCE = 0x01
_SUCCESS = "success"
_RESULTS = {
    0x01: _SUCCESS,
    0x02: "opcode_not_supported",
    0x03: "invalid_operator",
    0x04: "operator_not_supported",
    0x05: "invalid_operand",
    0x06: "no_records_found",
    0x07: "abort_unsuccessful",
    0x08: "procedure_not_completed",
    0x09: "operand_not_supported",
    0x0A: "server_busy",
}


def racp(cursor: Cursor, hints: Hints) -> RacpResponse | RacpCount:
    """2A52 as indicated: the end of a procedure, or a count."""
    opcode = cursor.u8("opcode")
    if opcode not in (_COUNT_REPLY, _RESPONSE, _COMBINED_REPLY):
        refuse("not an opcode of an indication", "opcode", 0)
    if cursor.u8("operator") != _NULL:
        refuse("an indication has the null operator", "operator", 1)
    if opcode != _RESPONSE:
        return RacpCount(count=cursor.u16("count"))
    request = cursor.u8("request_opcode")
    code = cursor.u8("response_code")
    result = _SUCCESS if code == hints.racp_success_code else name(code, _RESULTS)
    return RacpResponse(request_opcode=request, response_code=code, result=result)


def report_all() -> bytes:
    return bytes((_REPORT, _ALL))


def report_from(sequence: int) -> bytes:
    """Every record with this sequence number or a later one."""
    return bytes((_REPORT, _FROM, _BY_SEQUENCE)) + sequence.to_bytes(2, "little")


def report_newest() -> bytes:
    return bytes((_REPORT, _LAST))


def count_all() -> bytes:
    return bytes((_COUNT, _ALL))


def count_from(sequence: int) -> bytes:
    """How many records have this sequence number or a later one."""
    return bytes((_COUNT, _FROM, _BY_SEQUENCE)) + sequence.to_bytes(2, "little")


def abort() -> bytes:
    return bytes((_ABORT, _NULL))
