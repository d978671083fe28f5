import pytest

from cloud_sync.contract.readings import RacpCount, RacpResponse, Refusal
from gateway.decoders import Hints, decode, racp

RESULTS = {
    1: "success",
    2: "opcode_not_supported",
    3: "invalid_operator",
    4: "operator_not_supported",
    5: "invalid_operand",
    6: "no_records_found",
    7: "abort_unsuccessful",
    8: "procedure_not_completed",
    9: "operand_not_supported",
    10: "server_busy",
    0: "code_0",
    11: "code_11",
    255: "code_255",
}


@pytest.mark.parametrize(("code", "result"), RESULTS.items())
def test_response_codes(code: int, result: str) -> None:
    assert decode("2A52", bytes([6, 0, 1, code])) == RacpResponse(
        request_opcode=1, response_code=code, result=result
    )


def test_a_count_and_the_reply_to_a_combined_report() -> None:
    assert decode("2A52", bytes.fromhex("05000000")) == RacpCount(count=0)
    assert decode("2A52", bytes.fromhex("05003412")) == RacpCount(count=0x1234)
    assert decode("2A52", bytes.fromhex("08000200")) == RacpCount(count=2)


@pytest.mark.parametrize("in_hex", ["01000101", "02000101", "07000101", "00000101", "06010101"])
def test_requests_and_other_operators_are_no_indications(in_hex: str) -> None:
    assert isinstance(decode("2A52", bytes.fromhex(in_hex)), Refusal)


def test_a_further_success_code_is_a_hint() -> None:
    said = decode("2A52", bytes.fromhex("06000100"), Hints(racp_success_code=0))
    assert said == RacpResponse(request_opcode=1, response_code=0, result="success")


def test_requests_as_the_specification_prints_them() -> None:
    assert racp.report_all().hex() == "0101"
    assert racp.report_from(12).hex() == "0103010c00"
    assert racp.report_from(0xFFFF).hex() == "010301ffff"
    assert racp.report_newest().hex() == "0106"
    assert racp.count_all().hex() == "0401"
    assert racp.count_from(12).hex() == "0403010c00"
    assert racp.abort().hex() == "0300"


def test_no_request_deletes() -> None:
    requests = (
        racp.report_all(),
        racp.report_from(1),
        racp.report_newest(),
        racp.count_all(),
        racp.count_from(1),
        racp.abort(),
    )
    assert all(request[0] in (1, 3, 4) for request in requests)
    assert not [name for name in vars(racp) if "delete" in name.lower()]
