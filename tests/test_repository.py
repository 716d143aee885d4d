"""What hosts, citation tools and releases read of the repository."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

import dfpenet_mm

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / '.github'
WORKFLOWS = sorted(GITHUB.glob('workflows/*.yml'))
FORMS = sorted(GITHUB.glob('ISSUE_TEMPLATE/*.yml'))


def load(path):
    return yaml.safe_load(path.read_text(encoding='utf-8'))


def steps(workflow):
    return [step for job in workflow['jobs'].values() for step in job.get('steps', [])]


@pytest.mark.parametrize('path', WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_only_read_and_use_pinned_actions(path):
    workflow = load(path)
    used = [step['uses'] for step in steps(workflow) if 'uses' in step]

    assert workflow['permissions'] == {'contents': 'read'}
    assert [name for name in used if not re.fullmatch(r'actions/[\w-]+@v\d+', name)] == []


def test_only_the_draft_of_a_release_may_write():
    jobs = {name: job for path in WORKFLOWS for name, job in load(path)['jobs'].items()}
    granted = {name: job['permissions'] for name, job in jobs.items() if 'permissions' in job}

    assert granted == {'draft': {'contents': 'write'}}


@pytest.mark.skipif(not (ROOT / '.git').exists(), reason='no checkout')
def test_rasters_that_a_trial_left_behind_are_not_tracked():
    command = ['git', '-C', ROOT, 'ls-files', '*.tif', '*.vrt', '*.gpkg']
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert [name for name in listed if not name.startswith(('demo/', 'tests/data/'))] == []


def test_pushes_and_pull_requests_run_the_checks():
    workflow = load(GITHUB / 'workflows' / 'ci.yml')

    # YAML 1.1 reads the key "on" as true.
    assert {'push', 'pull_request'} <= set(workflow[True])
    assert '.ci/run' in [step.get('run') for step in steps(workflow)]


def test_a_tag_is_released_after_the_checks_only():
    workflow = load(GITHUB / 'workflows' / 'release.yml')

    assert workflow[True] == {'push': {'tags': ['v*']}}
    assert workflow['jobs']['ci'] == {'uses': './.github/workflows/ci.yml'}
    assert set(workflow['jobs']['draft']['needs']) == {'ci', 'build'}
    assert '.ci/release "$GITHUB_REF_NAME"' in [step.get('run') for step in steps(workflow)]


@pytest.mark.parametrize('path', FORMS, ids=lambda path: path.name)
def test_forms_of_issues_are_complete(path):
    form = load(path)
    fields = [part for part in form['body'] if part['type'] != 'markdown']

    assert form['name']
    assert form['description']
    assert all(part['attributes']['label'] for part in fields)
    assert len({part['id'] for part in fields}) == len(fields)


def test_the_citation_is_of_this_version_and_names_the_paper():
    citation = load(ROOT / 'CITATION.cff')
    (paper,) = citation['references']

    assert citation['cff-version'] == '1.2.0'
    assert citation['version'] == dfpenet_mm.__version__
    assert [author['family-names'] for author in paper['authors']] == [
        'Xu',
        'Ouyang',
        'Jiang',
        'Fan',
        'Cheng',
    ]


@pytest.fixture
def checkout(tmp_path):
    """A folder with what a release is judged by, and programs that build nothing."""
    for name in ('.ci/release', 'CHANGELOG.md', 'CITATION.cff', 'dfpenet_mm/__init__.py'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def release(checkout, tag):
    (checkout / 'bin').mkdir()
    python = checkout / 'bin' / 'python'
    python.write_text('#!/bin/sh\nmkdir -p dist\necho "$@" >>calls\n')
    python.chmod(0o755)
    return subprocess.run(
        [checkout / '.ci' / 'release', tag],
        env={'PATH': f'{python.parent}:/usr/bin:/bin'},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ('tag', 'name', 'renamed', 'said'),
    [
        ('v9.9.9', 'CHANGELOG.md', '## [Unreleased]', 'The tag v9.9.9 is not the version in'),
        ('1.0', 'CHANGELOG.md', '## [Unreleased]', 'Give the tag'),
        ('v{}', 'CITATION.cff', 'version: {}', 'The version in CITATION.cff'),
        ('v{}', 'CHANGELOG.md', '## [{}]', 'CHANGELOG.md says nothing below'),
    ],
)
def test_a_release_that_does_not_fit_its_tag_is_refused(checkout, tag, name, renamed, said):
    version = dfpenet_mm.__version__
    path = checkout / name
    text = path.read_text()
    assert renamed.format(version) in text
    path.write_text(text.replace(renamed.format(version), renamed.format('0.0.1')))

    done = release(checkout, tag.format(version))

    assert done.returncode == 2
    assert done.stderr.startswith(said)
    assert not (checkout / 'calls').exists()


def test_a_wheel_without_its_parts_is_no_release(checkout):
    done = release(checkout, f'v{dfpenet_mm.__version__}')

    assert done.returncode == 2
    assert done.stderr.startswith('The wheel lacks dfpenet_mm/py.typed')
    calls = (checkout / 'calls').read_text()
    assert calls.startswith('-m build --outdir dist .\n-m twine check --strict dist/')
