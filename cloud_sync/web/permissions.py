"""Who may do what. A route without a permission answers nobody; a role not listed may nothing."""

from enum import Enum, unique


@unique
class Permission(Enum):
    """What a route asks of whoever calls it."""

    PUBLIC = "public"  # no account: signing in, styles
    MACHINE = "machine"  # no account and no cookie: a hub enrols with its own proof
    OWN_ACCOUNT = "own account"
    READ_PATIENTS = "read patients"
    EDIT_PATIENTS = "edit patients"
    KEEP_FILE = "keep file"  # consents, orders, visits
    RECORD_TIME = "record time"
    CLOSE_MONTHS = "close months"  # signing also needs the practitioner's billing role
    RELEASE_MONTHS = "release months"  # to billing
    READ_HUBS = "read hubs"
    ENROL_HUBS = "enrol hubs"
    READ_ALARMS = "read alarms"
    READ_ACCESS_LOG = "read access log"
    READ_SELF_AUDIT = "read self-audit"
    PRACTISE = "practise"  # of any use in a training practice only
    REVIEW_PRACTICE = "review practice"


_P = Permission
_EVERYONE = frozenset({_P.OWN_ACCOUNT, _P.READ_PATIENTS, _P.READ_HUBS})
_CLINICIAN = _EVERYONE | {
    _P.EDIT_PATIENTS, _P.KEEP_FILE, _P.RECORD_TIME, _P.CLOSE_MONTHS, _P.PRACTISE,
}  # fmt: skip

OPEN = frozenset({_P.PUBLIC, _P.MACHINE})
GRANTS: dict[str, frozenset[Permission]] = {
    "reader": _EVERYONE,
    "biller": _EVERYONE | {_P.KEEP_FILE, _P.CLOSE_MONTHS, _P.RELEASE_MONTHS},
    "clinician": _CLINICIAN,
    # In a small practice the administrator is often the nurse; a second account for one person
    # would blind the check that nobody's minutes overlap.
    "admin": _CLINICIAN
    | {
        _P.RELEASE_MONTHS,
        _P.ENROL_HUBS,
        _P.READ_ALARMS,
        _P.READ_ACCESS_LOG,
        _P.READ_SELF_AUDIT,
        _P.REVIEW_PRACTICE,
    },
    "auditor": _EVERYONE | {_P.READ_ACCESS_LOG, _P.READ_SELF_AUDIT},
}
# Routes under these show patient data: each request leaves a row in the read log.
SHOWS_PATIENTS = frozenset(
    {
        _P.READ_PATIENTS,
        _P.EDIT_PATIENTS,
        _P.KEEP_FILE,
        _P.RECORD_TIME,
        _P.CLOSE_MONTHS,
        _P.RELEASE_MONTHS,
        _P.READ_ACCESS_LOG,
        _P.READ_SELF_AUDIT,
        _P.PRACTISE,
        _P.REVIEW_PRACTICE,
    }
)


def allowed(role: str, permission: Permission) -> bool:
    """Whether this role has this permission."""
    return permission in GRANTS.get(role, frozenset())
