"""The options of ``landslide-map map``."""

from __future__ import annotations

import argparse

from dfpenet_mm import __version__
from dfpenet_mm.cli.options import (
    CommandParser,
    add_reporting,
    band_numbers,
    file_name,
    metres_above_zero,
    nodata_value,
    probability_above_zero,
)

MATCHING: dict[str, str | bool] = {'auto': 'auto', 'yes': True, 'no': False}

DESCRIPTION = """\
Map the landslides of an earthquake from satellite or aerial images.

With no CONFIG and CHECKPOINT a network that comes with the package is used, by the image's pixel
size: it sees red, green and blue. Images of smaller pixels than it knows are averaged down.
NETWORK is a folder that landslide-map export wrote.

verbs, each with a --help of its own:
  map       map the landslides of two images; also without its name
  fetch     fetch images before and after an earthquake, and elevation
  evaluate  compare an inventory with a reference
  finish    after a review: measure again, and renew all that is handed over
  report    write the report of a finished run anew, as after edits in QGIS
  audit     draw a random sample of a map to look at, and tell how right the map is by it
  teach     teach a network what was reviewed, and map again with the better one
  export    turn a trained network into a folder that maps without PyTorch
  benchmark judge a network on a folder of images and masks
  doctor    check the installation, and say how to mend it
"""

EXAMPLES = """\
examples:
  landslide-map --post after.tif --pre before.tif
  landslide-map --post after.tif --pre before.tif --aoi district.gpkg --dem dem.tif --out result
  landslide-map my_config.py my_weights.pth --post after.tif --reference inventory.gpkg --out mine
  landslide-map --post after.tif --out result --resume

exit codes:
  0    done; warnings may have been printed
  1    a defect of this program, with its traceback
  2    input, options or installation that you can mend, said in one sentence
  130  interrupted by Ctrl-C; finished work is kept in OUT: continue with --resume
  143  terminated by the system, likewise
"""


def build_parser() -> CommandParser:
    """Return the parser of the command line."""
    parser = CommandParser(
        prog='landslide-map',
        usage='%(prog)s [map] [CONFIG CHECKPOINT | NETWORK] --post IMAGE [--pre IMAGE] ...\n'
        '       %(prog)s fetch --event ID ...\n       %(prog)s evaluate PRED REF [--out DIR] ...\n'
        '       %(prog)s report OUT --post IMAGE ...\n'
        '       %(prog)s audit draw|estimate OUT ...\n'
        '       %(prog)s benchmark [CONFIG CHECKPOINT] DIR [--out DIR] ...\n'
        '       %(prog)s doctor [--json]',
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_network(parser)
    _add_input(parser.add_argument_group('input'))
    _add_output(parser.add_argument_group('output'))
    _add_comparison(parser.add_argument_group('comparison of the two images'))
    _add_machines(parser.add_argument_group('several machines'))
    return parser


def _add_network(parser: argparse.ArgumentParser) -> None:
    network = parser.add_argument_group('network')
    network.add_argument(
        'config',
        nargs='?',
        type=file_name,
        metavar='CONFIG',
        help='config of the network (Python: run only those you trust), or the folder of an '
        'exported network alone. Default: the shipped one; a file of the name of a verb is given '
        'as ./NAME',
    )
    network.add_argument(
        'checkpoint',
        nargs='?',
        type=file_name,
        metavar='CHECKPOINT',
        help='weights that fit the config, or the folder of an exported network. Default: the '
        'shipped ones',
    )
    network.add_argument(
        '--threshold',
        type=probability_above_zero,
        metavar='P',
        help='smallest probability of a landslide pixel. Default: the one that is best on the '
        "network's own validation data, or else that of the config",
    )
    network.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    network.add_argument(
        '--backend',
        choices=('torch', 'openvino', 'auto'),
        help='what runs the network; auto takes the fastest that agrees with float32 on the scene. '
        'Default: the config; for an exported network, as the shipped ones are on a CPU, openvino',
    )
    network.add_argument(
        '--precision',
        choices=('fp32', 'f32', 'bf16', 'fp16', 'int8'),
        help='of torch: fp32, bf16 or fp16; of openvino: f32, bf16 or int8. Default: the first',
    )
    network.add_argument(
        '--quantised',
        type=file_name,
        metavar='DIR',
        help='int8 network of landslide-map export, for --precision int8 and --backend auto. '
        'Default: NAME_int8 beside a checkpoint NAME.pth',
    )
    network.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override the config, such as mapping.threshold=0.6',
    )


def _add_input(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--post', type=file_name, required=True, metavar='IMAGE', help='image after the event'
    )
    group.add_argument(
        '--pre', type=file_name, metavar='IMAGE', help='image before the event, on any grid'
    )
    for name, word in (('post', 'after'), ('pre', 'before')):
        group.add_argument(
            f'--{name}-mask',
            type=file_name,
            metavar='RASTER',
            help=f'mask on the pixels of the image {word} the event, 0 where it is not to be used, '
            "such as Planet's udm2",
        )
    group.add_argument(
        '--reference',
        type=file_name,
        metavar='INVENTORY',
        help='inventory to evaluate against, vector or raster',
    )
    group.add_argument(
        '--aoi',
        type=file_name,
        metavar='POLYGONS',
        help='map only this area: vector file in any CRS; pixels outside become nodata',
    )
    group.add_argument(
        '--dem', type=file_name, metavar='RASTER', help='elevation model on any grid, in m or feet'
    )
    group.add_argument(
        '--layer',
        action='append',
        default=[],
        metavar='NAME=PATH',
        help='further raster that a hook asks for by name; repeat for more',
    )
    group.add_argument(
        '--nodata',
        type=nodata_value,
        action='append',
        metavar='VALUE',
        help='further value of the images that is no data (--nodata=-3.4e38); repeat for more',
    )
    group.add_argument(
        '--pixel-size',
        type=metres_above_zero,
        metavar='METRES',
        help='pixel size of images without a CRS, to map them without a place',
    )
    group.add_argument(
        '--values',
        choices=('auto', 'reflectance', 'percentiles'),
        help='scale images by reflectance or by percentiles. Default: as the values tell',
    )
    group.add_argument(
        '--bands',
        type=band_numbers,
        metavar='R,G,B',
        help='bands of the images that the network is given, from 1, whatever the files call them. '
        'Default: those of the config; for 1,2,3 those that a file calls red, green and blue',
    )
    group.add_argument(
        '--force',
        action='store_true',
        help='map an image even if its pixels are too small or too large for the network',
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--out',
        type=file_name,
        metavar='DIR',
        help='folder of the products. Default: landslides_NAME here, for an image NAME.tif',
    )
    group.add_argument(
        '--resume',
        action='store_true',
        help='continue a run that was stopped; its finished blocks lie in OUT/.unfinished',
    )
    group.add_argument(
        '--overwrite',
        action='store_true',
        help='replace products of an earlier run, or start over what one left unfinished',
    )
    group.add_argument(
        '--no-report',
        action='store_true',
        help='leave out report.html, landslides.qgs and their figures',
    )
    add_reporting(group, 'write one JSON document to stdout, nothing else')
    group.add_argument('--version', action='version', version=f'%(prog)s {__version__}')


def _add_comparison(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--match-histogram',
        choices=tuple(MATCHING),
        help="give the pre-event image the post-event one's histogram; auto: if they differ much",
    )
    group.add_argument(
        '--max-shift',
        type=metres_above_zero,
        metavar='METRES',
        help='largest shift between the two images. Default: the config, or else two pixels',
    )


def _add_machines(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        '--launcher',
        choices=('local', 'ray'),
        default='local',
        help='who predicts: this process, or those of a Ray cluster',
    )
    group.add_argument(
        '--address',
        help='Ray cluster, such as auto or 10.0.0.1:6379; without it ray starts one here',
    )
    group.add_argument('--actors', type=int, help='processes of the cluster that predict')
