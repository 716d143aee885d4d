"""Let single operations of an OpenVINO model keep float32 where the rest computes in bfloat16."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from dfpenet_mm.mapping.network.openvino_library import openvino_library

if TYPE_CHECKING:
    import openvino

CONVOLUTIONS = ('Convolution', 'GroupConvolution')
# How a model file says that a node must not be rounded.
MARK = {'name': 'precise', 'version': '0'}


def keep_precise(model: openvino.Model, norms: Collection[str]) -> openvino.Model:
    """Mark convolutions, and what makes their inputs, as not to be rounded.

    Args:
        model: of ``convert_to_openvino``.
        norms: names of the normalisations that follow the convolutions in the network it was
            converted from. The convolutions themselves lose their names when converted.

    Returns:
        The model with marks; ``model`` itself where there is nothing to mark.
    """
    wanted = {f'__module.{name}' for name in norms}
    names = {
        node.get_friendly_name()
        for found in model.get_ordered_ops()
        if found.get_friendly_name().partition('/')[0] in wanted
        for maker in _back_to_convolutions(found)
        for node in (maker, *_back_to_convolutions(maker.input_value(0).get_node()))
    }
    return _marked(model, names) if names else model


def _back_to_convolutions(node: openvino.Node) -> list[openvino.Node]:
    """Return the nodes that make an output, back to the last convolutions, and those."""
    waiting, found = [node], []
    while waiting:
        node = waiting.pop()
        if node.get_type_name() in {'Parameter', 'Constant'}:
            continue
        found.append(node)
        if node.get_type_name() not in CONVOLUTIONS:
            waiting += [value.get_node() for value in node.input_values()]
    return found


def _marked(model: openvino.Model, names: Collection[str]) -> openvino.Model:
    """Mark nodes by their names, in a file: Python has no call for it."""
    library = openvino_library()
    core = library.Core()
    # The file is gone before the model.
    core.set_property({'ENABLE_MMAP': False})
    with TemporaryDirectory() as folder:
        path = Path(folder) / 'model.xml'
        library.save_model(model, path, compress_to_fp16=False)
        tree = ElementTree.parse(path)
        for layer in tree.getroot().iter('layer'):
            if layer.get('name') in names:
                notes = layer.find('rt_info')
                notes = ElementTree.SubElement(layer, 'rt_info') if notes is None else notes
                ElementTree.SubElement(notes, 'attribute', MARK)
        tree.write(path)
        return core.read_model(path)
