import os
import shutil

import pytest
from playwright.sync_api import Error, sync_playwright

from dfpenet_mm.report.page.page import write_report
from dfpenet_mm.report.run_products import RunProducts
from tests.report.page.generated_run import write_run

# Set where the test of the page must not be left out, as in CI.
REQUIRED = os.environ.get('DFPENET_REQUIRE_BROWSER') == '1'
PROGRAMS = ('chromium', 'chromium-browser', 'google-chrome')


@pytest.fixture(scope='session')
def run(tmp_path_factory):
    """Folder of a finished run's products, beside its images ``post.tif`` and ``pre.tif``."""
    return write_run(tmp_path_factory.mktemp('run'))


@pytest.fixture(scope='session')
def products(run):
    return RunProducts.read(run, post=run.parent / 'post.tif', pre=run.parent / 'pre.tif')


@pytest.fixture(scope='session')
def report(products, tmp_path_factory):
    """The page of that run."""
    target = tmp_path_factory.mktemp('report') / 'report.html'
    write_report(products, target)
    return target


@pytest.fixture(scope='module')
def chromium():
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        give_up(f'none of {", ".join(PROGRAMS)} is installed')
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=['--no-sandbox'])
        except Error as error:
            give_up(f'{program} does not start: {error.message.splitlines()[0]}')
        yield browser
        browser.close()


def give_up(why):
    if REQUIRED:
        pytest.fail(f'DFPENET_REQUIRE_BROWSER=1, but {why}')
    pytest.skip(f'{why}; install Chromium to run the test of the report')
