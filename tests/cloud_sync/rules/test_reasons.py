from typing import get_args

from cloud_sync.rules.reasons import SENTENCES, Reason, in_order

DOCUMENTED = [
    "days_below_threshold",
    "minutes_below_threshold",
    "no_interactive_contact",
    "consent_missing",
    "consent_undocumented",
    "consent_not_written",
    "consent_after_service",
    "order_missing",
    "not_established",
    "initiating_visit_missing",
    "conditions_below_two",
    "care_plan_missing",
    "care_plan_not_revised",
    "decision_making_missing",
    "another_practitioner",
    "excluded_by_code",
    "not_in_force",
    "period_open",
    "overlapping_time",
    "staff_not_clinical",
    "institutional_stay",
    "vague_note",
    "mixed_note",
    "late_entry",
    "manual_readings",
    "not_a_measurement",
    "unassigned_device",
    "test_device",
    "device_not_fda_defined",
    "implausible_clock",
    "received_too_late",
    "outside_episode",
    "episode_ended_in_period",
    "cap_reached",
    "lane_choice_needed",
    "measured_and_received_differ",
    "rule_set_changes_in_period",
    "rule_unknown",
    "no_readings_managed",
    "set_up_undocumented",
    "episode_already_set_up",
    "payer_check",
    "program_already_claimed",
]


def test_the_list_is_closed() -> None:
    assert sorted(get_args(Reason)) == sorted(DOCUMENTED)


def test_every_reason_has_a_sentence() -> None:
    assert set(SENTENCES) == set(DOCUMENTED)
    assert all(sentence.endswith(".") and len(sentence) < 90 for sentence in SENTENCES.values())


def test_reasons_come_once_and_in_one_order() -> None:
    assert in_order(["late_entry", "period_open", "late_entry"]) == ("period_open", "late_entry")
