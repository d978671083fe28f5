"""Who may do what."""

from cloud_sync.ledger.staff import ROLES
from cloud_sync.web.permissions import GRANTS, OPEN, Permission, allowed


def test_every_role_is_in_the_table_and_no_other() -> None:
    assert set(GRANTS) == set(ROLES)


def test_an_unknown_role_may_nothing() -> None:
    assert not any(allowed("owner", permission) for permission in Permission)


def test_no_role_is_granted_what_needs_no_account() -> None:
    assert not any(grants & OPEN for grants in GRANTS.values())


def test_only_those_who_treat_record_time_and_only_the_administrator_enrols() -> None:
    def who(permission: Permission) -> set[str]:
        return {role for role in ROLES if allowed(role, permission)}

    assert who(Permission.RECORD_TIME) == {"clinician", "admin"}
    assert who(Permission.ENROL_HUBS) == {"admin"}
    assert who(Permission.READ_ACCESS_LOG) == {"admin", "auditor"}
    assert who(Permission.PRACTISE) == {"clinician", "admin"}
    assert who(Permission.REVIEW_PRACTICE) == {"admin"}
    assert who(Permission.READ_SELF_AUDIT) == {"admin", "auditor"}
    assert who(Permission.KEEP_FILE) == {"biller", "clinician", "admin"}
    assert who(Permission.RELEASE_MONTHS) == {"biller", "admin"}
