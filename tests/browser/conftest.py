"""One tenant, one program and one browser for all tests, which follow each other as a person's day does."""

import tempfile
from pathlib import Path

import pytest

from desk import Desk, Tenant
from page import Page

WRONG = "Wr0ng~Q8.this-secret-is-of-another-app_x4"
NEXT = "N3xt~fake~the.secret-that_comes-after~it.Ab1"


@pytest.fixture(scope="session")
def tenant():
    tenant = Tenant()
    yield tenant
    tenant.end()


@pytest.fixture(scope="session")
def folder():
    with tempfile.TemporaryDirectory(prefix="soc-anywhere-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def desk(tenant, folder):
    desk = Desk(tenant, folder)
    yield desk
    desk.end()


@pytest.fixture(scope="session")
def browser(desk, folder):
    browser = Page(desk.origin, folder / "profile")
    yield browser
    browser.end()


@pytest.fixture(scope="session")
def secrets(tenant):
    """All that are entered."""
    return [WRONG, NEXT, tenant.secret, tenant.government["clientSecret"]]


@pytest.fixture
def page(browser, secrets):
    """Whatever is done: no secret in the page, nothing left with the browser, which complains of nothing."""
    yield browser
    assert not any(secret in browser.source() for secret in secrets)
    assert browser.kept() == []
    assert browser.complaints() == []
