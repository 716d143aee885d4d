"""The container follows the same pins as `make install`, runs without root, and finds its files."""

import re
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from dfpenet_mm.cli.map_options import build_parser

ROOT = Path(__file__).resolve().parents[1]
TORCH_CPU_INDEX = 'https://download.pytorch.org/whl/cpu'


def instructions():
    """Return the Dockerfile's instructions, one (name, text) each, without comments."""
    text = (ROOT / 'Dockerfile').read_text(encoding='utf-8')
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith('#')]
    joined = re.sub(r'\s*\\\n\s*', ' ', '\n'.join(lines)).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in joined]


def texts(name, among=None):
    return [text for found, text in (among or instructions()) if found == name]


def stages():
    """Return the instructions of every stage by its name; the last one is ''."""
    found, current = {}, None
    for name, text in instructions():
        if name == 'FROM':
            current = text.partition(' AS ')[2]
            found[current] = []
        if current is not None:
            found[current].append((name, text))
    return found


def copied():
    """Return what the Dockerfile copies from the checkout."""
    sources = [text.split()[:-1] for text in texts('COPY') if not text.startswith('--from')]
    return [source for group in sources for source in group]


def test_everything_copied_is_there_and_sent_to_the_builder():
    sent = {
        line.removeprefix('!').split('/')[0]
        for line in (ROOT / '.dockerignore').read_text(encoding='utf-8').splitlines()
        if line.startswith('!')
    }
    assert {'constraints.txt', 'setup.py', 'dfpenet_mm', 'postproc', 'configs'} <= set(copied())
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    assert set(copied()) == sent


def test_nothing_else_is_sent_to_the_builder():
    lines = [
        line
        for line in (ROOT / '.dockerignore').read_text(encoding='utf-8').splitlines()
        if line and not line.startswith('#')
    ]
    assert lines[0] == '*'
    assert not [line for line in lines if re.match(r'!.*(data|work_dirs|\.git|\.venv|demo)', line)]
    assert '**/__pycache__' in lines[lines.index('!dfpenet_mm') :]


def test_every_installation_follows_the_constraints():
    installs = [
        command for text in texts('RUN') for command in text.split('&&') if 'pip install' in command
    ]
    assert len(installs) == 4
    assert [command for command in installs if '--constraint constraints.txt' not in command] == []
    # Without a version in a command, none can differ from the pins.
    assert [command for command in installs if re.search(r'[=<>~]=', command)] == []
    assert 'PIP_CONSTRAINT=/build/constraints.txt' in texts('ENV')[0]
    assert 'PIP_BUILD_CONSTRAINT=/build/constraints.txt' in texts('ENV')[0]


def test_an_argument_chooses_between_cpu_and_cuda():
    defaults = dict(text.split('=') for text in texts('ARG'))
    found = stages()
    assert defaults['TORCH'] == 'none'
    assert {'torch-none', 'torch-cpu', 'torch-cuda'} <= set(found)
    # Mapping on a CPU needs no PyTorch.
    assert texts('RUN', found['torch-none']) == []
    assert texts('FROM', found['build'])[0].startswith('torch-${TORCH} ')
    cpu, cuda = (texts('RUN', found[f'torch-{kind}'])[0] for kind in ('cpu', 'cuda'))
    assert re.findall(r'https?://\S+', cpu) == [TORCH_CPU_INDEX]
    assert '--no-deps' in cpu
    assert 'http' not in cuda
    # No other address stands in the file.
    assert len(re.findall('https?://', (ROOT / 'Dockerfile').read_text(encoding='utf-8'))) == 1


def test_python_is_pinned_to_what_the_constraints_were_frozen_with():
    (python,) = [text.partition('=')[2] for text in texts('ARG') if text.startswith('PYTHON=')]
    pinned = (ROOT / 'constraints.txt').read_text(encoding='utf-8')
    assert re.fullmatch(r'3\.\d+\.\d+', python)
    assert f'Python {python.rpartition(".")[0]}' in pinned.partition('==')[0]
    images = [text.split()[0] for text in texts('FROM')]
    assert {image for image in images if ':' in image} == {'python:${PYTHON}-slim-bookworm'}


def test_the_image_runs_the_command_without_root():
    last = stages()['']
    uid, gid = texts('USER', last)[-1].split(':')
    assert int(uid) > 0
    assert int(gid) > 0
    assert last.index(('USER', f'{uid}:{gid}')) > max(
        index for index, (name, _) in enumerate(last) if name == 'RUN'
    )
    (command,) = re.findall(r'"(\S+)"', texts('ENTRYPOINT', last)[0])
    assert f"'{command} = " in (ROOT / 'setup.py').read_text(encoding='utf-8')
    assert texts('VOLUME', last) == ['["/data"]']
    assert 'python -m dfpenet_mm.installation' in texts('RUN', last)


def test_opencv_is_the_build_without_a_display_as_in_the_makefile():
    step = '--no-deps --force-reinstall'
    makefile = re.sub(r'\s*\\\n\s*', ' ', (ROOT / 'Makefile').read_text(encoding='utf-8'))
    assert f'{step} opencv-python-headless' in makefile
    assert any(f'{step} opencv-python-headless' in text for text in texts('RUN'))


def test_extras_are_those_of_the_package():
    (extras,) = [text.partition('=')[2] for text in texts('ARG') if text.startswith('EXTRAS=')]
    setup = (ROOT / 'setup.py').read_text(encoding='utf-8')
    page = (ROOT / 'docs' / 'container.md').read_text(encoding='utf-8')
    named = re.findall(r'EXTRAS=([\w,]+)', page)
    assert extras == ''
    assert 'train' in named
    wanted = {extra for names in named for extra in names.split(',')}
    assert all(f"    '{extra}': " in setup for extra in wanted)


def test_hadolint_finds_nothing():
    hadolint = shutil.which('hadolint', path=sysconfig.get_path('scripts'))
    if hadolint is None:
        pytest.skip('hadolint is not installed; pip install -e .[lint] brings it')
    done = subprocess.run(
        [hadolint, '--no-color', 'Dockerfile'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, '')


def documented(command):
    """Return the words of every such command that docs/container.md gives, in blocks or not."""
    page = (ROOT / 'docs' / 'container.md').read_text(encoding='utf-8')
    block_lines = re.findall(r'^docker .+$', page, re.MULTILINE)
    inline = re.findall(r'`(docker [^`]+)`', page)
    return [
        shlex.split(line)
        for line in (*block_lines, *inline)
        if line.startswith(f'docker {command} ')
    ]


def test_the_documentation_builds_with_arguments_that_exist():
    builds = documented('build')
    given = [
        words[index + 1].partition('=')
        for words in builds
        for index, word in enumerate(words)
        if word == '--build-arg'
    ]
    known = {text.partition('=')[0] for text in texts('ARG')}
    assert len(builds) == 2
    assert {name for name, _, _ in given} <= known
    assert all(f'torch-{value}' in stages() for name, _, value in given if name == 'TORCH')


def test_the_documentation_gives_the_command_options_that_it_has():
    runs = [words[2:] for words in documented('run')]
    assert len(runs) >= 4
    for words in runs:
        image = next(index for index, word in enumerate(words) if word.startswith('dfpenet_mm'))
        if words[image + 1 :] != ['doctor']:
            parsed = build_parser().parse_intermixed_args(words[image + 1 :])
            assert not Path(parsed.post).is_absolute()
            assert '$PWD:/data' in words[:image]
