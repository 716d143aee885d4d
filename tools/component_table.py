"""Write docs/components.md: every component that configs can name, from the registries."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from griffe import Docstring, DocstringSectionKind

from dfpenet_mm.cli.options import file_name
from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.cli.training_libraries import training_libraries
from dfpenet_mm.errors import ConfigError

with training_libraries():
    import mmengine.registry
    import mmseg.registry

    import dfpenet_mm.datasets
    import dfpenet_mm.engine
    import dfpenet_mm.evaluation
    import dfpenet_mm.models  # noqa: F401 - registers its parts, as the others do
    from dfpenet_mm.components import Registry
    from dfpenet_mm.mapping.network.predictor import PREDICTORS, SCALINGS
    from postproc.registry import POSTPROC

ROOT = Path(__file__).resolve().parents[1]
OURS = ('dfpenet_mm', 'postproc')
# Registry in its module, where a config names its components, and what they are.
PLACES = {
    'MODELS': ('`model`', 'Parts of networks'),
    'DATASETS': ('`dataset` of a `..._dataloader`', 'Data sets'),
    'DATA_SAMPLERS': ('`sampler` of a `..._dataloader`', 'Samplers'),
    'TRANSFORMS': ('`pipeline` of a data set', 'Transforms of samples'),
    'METRICS': ('`val_evaluator`, `test_evaluator`', 'Metrics'),
    'LOOPS': ('`train_cfg`', 'Training loops'),
    'OPTIM_WRAPPERS': ('`optim_wrapper`', 'Optimiser wrappers'),
    'HOOKS': ('`default_hooks`, `custom_hooks`', 'Hooks of training'),
    'SCALINGS': ('`mapping.scaling`', 'Scalings of scenes'),
    'PREDICTORS': ('`mapping.predictor`', 'Predictors'),
    'POSTPROC': ('`postproc`', 'Hooks after the network'),
}
HEAD = """\
# Every component

A config names components by `type`; [configuring](configuring.md) shows how they are put together
and swapped. These are the project's own, by registry. Beside them, everything that
[mmsegmentation](https://github.com/open-mmlab/mmsegmentation) and mmengine register may be named,
except in the last three registries, which hold our own and [yours](writing_a_hook.md) only. A
parameter without a default must be given; `model` and `device` of a predictor come from the run.

`python tools/component_table.py` writes this page from the code, and a test keeps it in step.
"""


@dataclass(frozen=True)
class Component:
    """One registered class.

    Args:
        name: what a config calls it.
        cls: the class.
        page: its page under ``docs``.
    """

    name: str
    cls: type
    page: str

    def row(self) -> str:
        """Return its row of a table in Markdown."""
        target = f'{self.page}#{self.cls.__module__}.{self.cls.__qualname__}'
        return f'| [`{self.name}`]({target}) | {self._sentence()} | {self._parameters()} |'

    def _sentence(self) -> str:
        text = inspect.getdoc(self.cls).partition('\n\n')[0]
        return _cell(text.partition('. ')[0].rstrip('.') + '.')

    def _parameters(self) -> str:
        told = {}
        docstring = Docstring(inspect.getdoc(self.cls))
        # Types stand in the signature, which this docstring has been taken from.
        for section in docstring.parse('google', warnings=False):
            if section.kind is DocstringSectionKind.parameters:
                told = {item.name.lstrip('*'): item.description for item in section.value}
        signature = inspect.signature(self.cls)
        shown = [
            f'`{parameter.name}{_default(parameter)}`: {_cell(told[parameter.name])}'
            for parameter in signature.parameters.values()
            if parameter.name in told
        ]
        if not shown and signature.parameters:
            return f'those of `{self.cls.__base__.__name__}`'
        return '<br>'.join(shown) or 'none'


def _default(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_KEYWORD:
        return ', ...'
    return '' if parameter.default is parameter.empty else f'={parameter.default!r}'


def _cell(text: str) -> str:
    """Put a docstring's text on one line of a table."""
    return re.sub(r'``', '`', ' '.join(text.split())).replace('|', r'\|')


def api_pages(docs: Path) -> dict[str, str]:
    """Return the page on which every documented module stands, relative to ``docs``."""
    return {
        module: page.relative_to(docs).as_posix()
        for page in sorted((docs / 'api').glob('*.md'))
        for module in re.findall(r'^::: ([\w.]+)$', page.read_text(encoding='utf-8'), re.MULTILINE)
    }


def registries() -> dict[str, Registry | mmengine.registry.Registry]:
    """Return every registry that holds a component of this project, by name.

    Raises:
        ConfigError: if one is not in ``PLACES``.
    """
    found: dict[str, Registry | mmengine.registry.Registry] = {
        'SCALINGS': SCALINGS,
        'PREDICTORS': PREDICTORS,
        'POSTPROC': POSTPROC,
    }
    for registry in (SCALINGS, PREDICTORS, POSTPROC):
        for name in registry.names:
            registry.get(name)
    for module in (mmengine.registry, mmseg.registry):
        for name, value in vars(module).items():
            if isinstance(value, mmengine.registry.Registry) and list(own_classes(value)):
                found[name] = value
    unknown = sorted(set(found) - set(PLACES))
    if unknown:
        raise ConfigError(
            f'the registries {", ".join(unknown)} hold components and have no place in '
            f'tools/component_table.py; add them to PLACES'
        )
    return {name: found[name] for name in PLACES if name in found}


def own_classes(
    registry: Registry | mmengine.registry.Registry,
) -> Iterator[tuple[str, type]]:
    """Yield name and class of the project's components in a registry."""
    for name, cls in sorted(registry.module_dict.items()):
        if inspect.isclass(cls) and cls.__module__.partition('.')[0] in OURS:
            yield name, cls


def component_page(docs: Path = ROOT / 'docs') -> str:
    """Return the page in Markdown.

    Raises:
        ConfigError: if a component's module has no API page.
    """
    pages = api_pages(docs)
    parts = [HEAD]
    for name, registry in registries().items():
        place, heading = PLACES[name]
        parts.append(f'\n## {heading}\n\nRegistry `{name}`; named in {place}.\n')
        parts.append('| component | what it is | parameters |\n|---|---|---|')
        for component, cls in own_classes(registry):
            if cls.__module__ not in pages:
                raise ConfigError(
                    f'{cls.__module__} of {component} is on no page of docs/api; add it to one'
                )
            parts.append(Component(component, cls, pages[cls.__module__]).row())
    return '\n'.join(parts) + '\n'


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog='example: python tools/component_table.py'
    )
    parser.add_argument(
        '--out', type=file_name, default=ROOT / 'docs' / 'components.md', help='file to write'
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    args = parser.parse_args()
    with exit_on_user_error(debug=args.debug):
        args.out.write_text(component_page(), encoding='utf-8')
        print(f'wrote {args.out}')


if __name__ == '__main__':
    main()
