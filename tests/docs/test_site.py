"""The site is built without a warning, fetches nothing, and its search works from files."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.docs.blocks import DOCS, ROOT

# What a browser fetches by itself; links are for people to follow.
FETCHED = re.compile(
    r'<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc="([^"]+)"'
    r'|<link\b(?=[^>]*\brel="(?:stylesheet|preload|preconnect|icon|manifest)")[^>]*\bhref="([^"]+)"'
)


def build(target, config=ROOT / 'mkdocs.yml'):
    return subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '-s', '-f', str(config), '-d', str(target)],
        cwd=ROOT,
        env={**os.environ, 'NO_MKDOCS_2_WARNING': '1'},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    target = tmp_path_factory.mktemp('site')
    done = build(target)
    assert done.returncode == 0, done.stderr
    assert 'WARNING' not in done.stderr
    return target


@pytest.mark.slow
def test_every_page_is_built_and_fetches_nothing(site):
    built = {path.relative_to(site).with_suffix('') for path in site.rglob('*.html')}
    written = {path.relative_to(DOCS).with_suffix('') for path in DOCS.rglob('*.md')}
    assert written <= built
    for path in site.rglob('*.html'):
        addresses = [a or b for a, b in FETCHED.findall(path.read_text(encoding='utf-8'))]
        assert addresses
        assert [address for address in addresses if address.startswith(('http', '//'))] == []
    for path in site.rglob('*.css'):
        assert re.findall(r'url\((?:"|\')?(?:https?:)?//', path.read_text(encoding='utf-8')) == []


@pytest.mark.slow
def test_components_lead_to_their_places(site):
    page = (site / 'components.html').read_text(encoding='utf-8')
    links = re.findall(r'href="(api/\w+\.html)#([\w.]+)"', page)

    assert len(links) > 25
    for address, anchor in links:
        assert f'id="{anchor}"' in (site / address).read_text(encoding='utf-8')


@pytest.mark.slow
def test_a_broken_link_fails_the_build(tmp_path):
    (tmp_path / 'docs').mkdir()
    (tmp_path / 'docs' / 'index.md').write_text('# Home\n\n[there](nowhere.md) [here](#nothing)\n')
    text = (ROOT / 'mkdocs.yml').read_text()
    text = re.sub(r'^nav:.*', '', text, flags=re.DOTALL | re.MULTILINE)
    (tmp_path / 'mkdocs.yml').write_text(text)

    done = build(tmp_path / 'site', tmp_path / 'mkdocs.yml')

    assert done.returncode != 0
    assert "a link 'nowhere.md', but" in done.stderr
    assert "a link '#nothing', but" in done.stderr


@pytest.mark.slow
def test_the_search_works_from_files(site):
    browser = shutil.which('chromium') or shutil.which('chromium-browser')
    if browser is None:
        if os.environ.get('DFPENET_REQUIRE_BROWSER') == '1':
            pytest.fail('DFPENET_REQUIRE_BROWSER=1 is set and there is no chromium on PATH')
        pytest.skip('no chromium on PATH')
    sync_api = pytest.importorskip('playwright.sync_api')
    requests, complaints = [], []
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=['--no-sandbox'])
        page = chromium.new_page(viewport={'width': 1366, 'height': 900})
        page.on('request', lambda request: requests.append(request.url))
        page.on('pageerror', lambda error: complaints.append(str(error)))
        page.on(
            'console',
            lambda message: complaints.append(message.text) if message.type == 'error' else None,
        )
        page.goto((site / 'index.html').as_uri())
        page.click('.md-search__form')
        page.keyboard.type('headscarp')
        page.wait_for_selector('.md-search-result__item')
        found = page.locator('.md-search-result__item').all_inner_texts()
        chromium.close()

    assert any('Files of an inventory' in text for text in found)
    assert complaints == []
    assert {url.partition(':')[0] for url in requests} <= {'file', 'data', 'blob'}
