"""The options of ``landslide-map``."""

from __future__ import annotations

import argparse
from pathlib import Path

from dfpenet_mm import __version__

# What --match-histogram puts into the config.
MATCHING = {'auto': 'auto', 'yes': True, 'no': False}

EXAMPLES = """\
example:
  landslide-map configs/dfpenet/landslide4sense_mobilenetv2.py \\
      checkpoints/dfpenet_mobilenetv2_landslide4sense.pth \\
      --post demo/hokkaido_post.tif --pre demo/hokkaido_pre.tif --out demo/out

exit codes: 0 done; 1 a defect of this program; 2 bad input, said in one sentence on stderr;
130 interrupted, 143 terminated. Finished work is kept in OUT: continue with --resume.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog='landslide-map',
        description='Map the landslides of an earthquake from satellite or aerial images.',
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'config', type=Path, help='config of the network (Python: run only those you trust)'
    )
    parser.add_argument('checkpoint', type=Path, help='weights that fit the config')
    parser.add_argument('--post', type=Path, required=True, help='image after the event')
    parser.add_argument('--pre', type=Path, help='image before the event, on any grid')
    parser.add_argument(
        '--reference', type=Path, help='inventory to evaluate against, vector or raster'
    )
    parser.add_argument(
        '--aoi',
        type=Path,
        metavar='POLYGONS',
        help='map only this area: vector file in any CRS; pixels outside become nodata',
    )
    parser.add_argument(
        '--dem', type=Path, help='elevation model in metres, on any grid: gives hooks the terrain'
    )
    parser.add_argument(
        '--layer',
        action='append',
        default=[],
        metavar='NAME=PATH',
        help='further raster that a hook of the config asks for by name; repeat for more',
    )
    parser.add_argument(
        '--match-histogram',
        choices=tuple(MATCHING),
        help="give the pre-event image the post-event one's histogram; auto: if they differ much. "
        'Default: the config',
    )
    parser.add_argument(
        '--max-shift',
        type=float,
        metavar='METRES',
        help='largest shift between the two images. Default: the config, or else two pixels',
    )
    parser.add_argument('--out', type=Path, required=True, help='folder of the products')
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument(
        '--backend',
        choices=('torch', 'openvino', 'auto'),
        help='what runs the network; auto takes the fastest that agrees. Default: the config',
    )
    parser.add_argument(
        '--precision',
        choices=('fp32', 'f32', 'bf16', 'fp16', 'int8'),
        help='of torch: fp32, bf16 or fp16; of openvino: f32, bf16 or int8. Default: the first',
    )
    parser.add_argument(
        '--quantised',
        type=Path,
        metavar='DIR',
        help='int8 network that tools/export.py wrote, for --precision int8 and --backend auto. '
        'Default: the folder NAME_int8 beside a checkpoint NAME.pth',
    )
    parser.add_argument(
        '--launcher', choices=('local', 'ray'), default='local', help='who predicts'
    )
    parser.add_argument(
        '--address',
        help='Ray cluster, such as auto or 10.0.0.1:6379; without it ray starts one here',
    )
    parser.add_argument('--actors', type=int, help='processes of the cluster that predict')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='continue a run that was stopped; its finished blocks lie in OUT/.unfinished',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace products of an earlier run, or start over what one left unfinished',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='settings that override the config, such as mapping.threshold=0.6',
    )
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    return parser
