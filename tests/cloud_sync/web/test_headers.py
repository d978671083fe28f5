"""The policy that keeps foreign code off the pages."""

from cloud_sync.web.headers import ALWAYS, CONTENT_SECURITY_POLICY


def test_nothing_is_allowed_that_is_not_named() -> None:
    rules = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert ALWAYS["strict-transport-security"] == "max-age=31536000"
