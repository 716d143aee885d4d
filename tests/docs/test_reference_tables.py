"""Tables that are written from the code are in step with it."""

import importlib.util
import re

import pytest

from dfpenet_mm.errors import ConfigError
from tests.docs.blocks import DOCS, ROOT


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / 'tools' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    importlib.sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_the_component_table_is_in_step():
    page = tool('component_table').component_page()

    assert (DOCS / 'components.md').read_text() == page, 'run python tools/component_table.py'


def test_every_registration_is_in_the_component_table():
    page = (DOCS / 'components.md').read_text()
    registered = re.compile(
        r'^@\w+\.register_module\(\)\n(?:@dataclass.*\n)?class (\w+)', re.MULTILINE
    )
    names = {
        name
        for package in ('dfpenet_mm', 'postproc')
        for path in (ROOT / package).rglob('*.py')
        for name in registered.findall(path.read_text())
    }

    assert len(names) > 25
    assert {name for name in names if f'| [`{name}`](' not in page} == set()


def test_a_component_without_an_api_page_is_named(tmp_path):
    (tmp_path / 'api').mkdir()

    with pytest.raises(ConfigError, match=r'is on no page of docs/api; add it'):
        tool('component_table').component_page(tmp_path)


def test_a_row_has_sentence_defaults_and_parameters():
    table = tool('component_table')
    row = table.Component('Part', Part, 'api/models.md').row()

    assert row == (
        '| [`Part`](api/models.md#tests.docs.test_reference_tables.Part) | Does `one` thing. | '
        r'`width`: how wide, in \| out.<br>`depth=3`: how deep, and a second line. |'
    )


class Part:
    """Does ``one`` thing. And another.

    Args:
        width: how wide, in | out.
        depth: how deep,
            and a second line.
    """

    def __init__(self, *, width: int, depth: int = 3) -> None:
        self.size = width, depth


def test_the_option_table_is_in_step():
    page = (DOCS / 'command_line.md').read_text()

    assert tool('option_table').with_options(page) == page, 'run python tools/option_table.py'


def test_every_tool_is_named():
    page = (DOCS / 'command_line.md').read_text()
    tools = [
        path.relative_to(ROOT).as_posix()
        for pattern in ('*.py', '*.sh')
        for path in (ROOT / 'tools').rglob(pattern)
    ]

    assert len(tools) > 15
    assert [name for name in tools if f'`{name}`' not in page] == []
    named = re.findall(r'`(tools/[\w/]+\.(?:py|sh))`', page)
    assert [name for name in named if not (ROOT / name).exists()] == []
