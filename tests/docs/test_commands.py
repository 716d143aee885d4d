"""Every command of the documentation runs, or at least exists with the options it is given."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.docs.analyst import give_verdicts, review
from tests.docs.blocks import ROOT, SHELL, Block, blocks
from tests.docs.workspace import SENTINEL2, WIDE_CROP, Workspace

TAUGHT = 'docs/tutorials/taught_map.md'
# Blocks that are run as they stand, by page and first line, in a folder with generated data.
RUN = {
    'docs/quick_start.md': {
        'source .venv/bin/activate',
        'landslide-map doctor',
    },
    'docs/tutorials/analyst.md': {
        'gdalbuildvrt -separate after.vrt',
        'rio stack T54TWN_20180805_B04_10m.jp2',
        'landslide-map --post after.tif --pre before.tif --out result',
        'landslide-map dem_rules.py',
        'landslide-map finish result',
        'landslide-map evaluate result/landslides.gpkg reference.gpkg',
        'landslide-map --post after.tif --pre before.tif --out formats',
        'python tools/draw_inventory.py after.tif',
    },
    TAUGHT: {
        'landslide-map --post demo/hokkaido_post.tif',
        'landslide-map finish first',
        'landslide-map teach --run first',
        'landslide-map audit draw taught',
        'landslide-map audit estimate taught',
        'landslide-map finish taught',
    },
    'docs/tutorials/new_earthquake.md': {
        'python tools/dataset_converters/chips.py --image scene.tif',
        'python tools/check_data.py',
        'python tools/train.py',
        'python tools/test.py configs/dfpenet/region_mobilenetv2.py work_dirs',
        'landslide-map configs/dfpenet/region_mobilenetv2.py',
        'python tools/publish_checkpoint.py',
        'PYTHONPATH=. python tools/train.py configs/dfpenet/my_parts.py',
    },
    'docs/configuring.md': {'landslide-map configs/dfpenet/ndvi_region.py'},
    'docs/command_line.md': {'landslide-map --post after.tif --aoi district.gpkg'},
    'docs/writing_a_hook.md': {'PYTHONPATH=. python tools/landslide_map.py my_config.py'},
}
# Blocks of which only the command lines are judged, by the parsers of their commands; and why.
PARSED = {
    'README.md': {
        'make demo': 'installs everything and maps the whole demo scene',
        '.venv/bin/landslide-map --post': 'run by quick_start.md',
    },
    'docs/quick_start.md': {
        'make demo': 'installs what maps, and maps the whole demo scene',
        'python3.11 -m venv': 'installs from a package index',
        'uv tool install': 'likewise',
        '.venv/bin/pip install': 'likewise',
    },
    'docs/offline.md': {
        'make bundle': 'downloads from a package index; tests/tools runs it',
        'make bundle PLATFORM': 'likewise',
    },
    'docs/reading_the_report.md': {
        'landslide-map report': 'tests/cli runs it',
    },
    'docs/tutorials/new_earthquake.md': {
        'python tools/test.py configs/dfpenet/region_mobilenetv2.py checkpoints': 'as above',
        'python tools/learning_curve.py': 'trains many times; tests/tools runs it',
    },
    'docs/configuring.md': {
        'landslide-map --post after.tif --out higher': 'as --out formats of the tutorial',
        'landslide-map --post after.tif --out fast': 'compares backends for a minute',
        'python tools/check_data.py': 'run by the tutorial',
    },
    'docs/command_line.md': {
        'landslide-map --post after.tif --pre before.tif': 'other pages run these',
    },
    'docs/audit.md': {
        'landslide-map audit draw': 'tests/audit draws',
        'landslide-map audit estimate': 'wants the verdicts of an analyst',
    },
    'docs/cluster.md': {
        'pip install .[ray]': 'needs several machines; tests/mapping/executors runs Ray',
        'python benchmarks/ray_scheduling.py': 'minutes with 64 processes',
    },
    'docs/experiments.md': {
        'python tools/run_study.py configs/studies/landslide4sense': 'hours of training',
        'python tools/run_study.py configs/studies/sichuan': 'hours of training',
        'landslide-map benchmark data/landslide4sense': 'needs the data',
        'python tools/train.py configs/dfpenet/all_sizes_without': 'needs the data',
    },
    'docs/teaching.md': {
        'landslide-map teach --run': 'minutes of training; tests/teaching runs it',
        'landslide-map teach --post': 'likewise',
        'landslide-map taught/network': 'likewise',
    },
    'docs/fetching.md': {
        'landslide-map fetch --event us2000h8ty --out': 'needs a network; tests/cli runs it',
        'landslide-map fetch --bbox': 'likewise',
        'landslide-map fetch --event us2000h8ty --dry-run': 'likewise',
        'landslide-map fetch --stac': 'likewise',
    },
    'docs/benchmark.md': {
        'landslide-map benchmark chips': 'needs labelled images; tests/cli runs it',
        'landslide-map benchmark my_config.py': 'likewise',
        'landslide-map benchmark fields': 'likewise',
    },
    'docs/performance.md': {
        'python benchmarks/predictors.py': 'minutes; tests/benchmarks runs it',
        'landslide-map export configs': 'needs Landslide4Sense; tests/cli runs it',
        'python benchmarks/mapping_scale.py': 'large scenes',
        'OMP_NUM_THREADS=1 python benchmarks/mapping_scale.py': 'large scenes',
        'python benchmarks/mapping_peers.py --venvs': 'needs the environments of six packages',
        'python benchmarks/mapping_peers.py --only': 'large scenes',
        'python benchmarks/postproc.py': 'large scenes',
        'python benchmarks/report.py': 'needs the whole demo, and minutes',
    },
    'docs/training_speed.md': {
        'OMP_NUM_THREADS=1 python tools/benchmark_train.py': 'needs Landslide4Sense',
    },
    'docs/container.md': {
        'docker build --tag dfpenet_mm .': 'needs Docker',
        'docker build --build-arg': 'needs Docker',
        'docker run --rm --user': 'needs Docker',
        'docker run --rm --gpus': 'needs Docker and a GPU',
        'docker run --rm --network none': 'needs Docker',
        'python -m venv': 'installs everything from a package index',
    },
    'docs/training.md': {
        'python tools/convert_mobilenetv2.py': 'needs ImageNet weights and days of training',
        'tools/dist_train.sh': 'needs GPUs',
        'GPUS_PER_NODE=4 tools/slurm_train.sh': 'needs Slurm',
        'python tools/dataset_converters/ground.py': 'needs the pictures; tests/tools runs it',
        'python tools/check_data.py': 'needs five data sets; tests/datasets runs it',
        'python tools/train.py configs/dfpenet/ten_metres_mobilenetv2.py': 'days of training',
        'python tools/calibrate.py': 'needs both data sets; tests/tools runs it',
        'python tools/dataset_converters/vaihingen.py': 'needs the ISPRS downloads',
        'python tools/train.py configs/dfpenet/vaihingen_pd.py': 'days of training',
        'python tools/run_study.py': 'hours of training',
        'python tools/learning_curve.py': 'hours of training',
        'python benchmarks/gpu_session.py': 'needs a GPU',
        'python tools/convert_efficientnet_lite.py': 'needs its weights; tests/models converts',
        'python tools/convert_checkpoint.py': 'needs a released checkpoint; tests/tools runs it',
        'python tools/test.py': 'needs Landslide4Sense',
    },
}
# The pages train on chips of 256 pixels for 300 iterations, the generated data are smaller.
SMALLER = {
    '--chip 256': '--chip 32',
    'iter_300.pth': 'iter_2.pth',
    '--run first --out taught': '--run first --out taught --steps 2',
    # The numbers of a small scene are known with fewer.
    '--points 100': '--points 40',
}
# Work of an analyst behind the blocks that begin so.
HANDS = {TAUGHT: {'landslide-map --post': review, 'landslide-map audit draw': give_verdicts}}
# Programs that are no part of the installation; what they make is there without them too.
GDAL = ('gdalbuildvrt', 'gdalwarp')
EXAMPLES = 'docs/api/running.md'
PAGES = sorted({block.page for block in blocks(*SHELL)})


def begins(block, starts):
    """The entry of a table that a block belongs to, or None."""
    return next((start for start in starts if block.first.startswith(start)), None)


@pytest.fixture(scope='module')
def address(tmp_path_factory):
    """A Python that has loaded its libraries and waits for commands."""
    address = tmp_path_factory.mktemp('python') / 'socket'
    script = Path(__file__).with_name('preloaded_python.py')
    server = subprocess.Popen(
        [sys.executable, script, address],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'},
    )
    assert 'ready\n' in server.stdout
    yield address
    server.kill()
    server.wait()
    server.stdout.close()


@pytest.mark.parametrize('page', PAGES)
def test_every_block_has_a_place_in_a_table(page):
    found = [block for block in blocks(*SHELL) if block.page == page]
    tables = [RUN.get(page, set()), PARSED.get(page, {})]

    for block in found:
        places = [begins(block, table) for table in tables]
        assert sum(place is not None for place in places) == 1, (
            f'{page}: list the block that begins with {block.first!r} in RUN or in PARSED'
        )
    for table in tables:
        unused = [start for start in table if not any(begins(block, {start}) for block in found)]
        assert unused == [], f'{page} has no such block any more'


@pytest.mark.slow
@pytest.mark.parametrize('page', PAGES)
def test_the_commands_of_a_page(page, address, tmp_path):
    workspace = Workspace(tmp_path, address)
    workspace.write_configs(page)
    if page == TAUGHT:
        workspace.write_demo(WIDE_CROP)
    left_out = set()

    for block in blocks(*SHELL):
        program = block.first.partition(' ')[0]
        if block.page == page and program in GDAL and shutil.which(program) is None:
            left_out.add(program)
        elif block.page == page:
            run(block, workspace, parse_only=begins(block, RUN.get(page, ())) is None)
            hand = begins(block, HANDS.get(page, ()))
            if hand is not None:
                HANDS[page][hand](workspace.folder)

    if left_out:
        pytest.skip(f'all but the blocks of {", ".join(sorted(left_out))}, which is not installed')


@pytest.mark.slow
def test_both_ways_of_preparing_an_image_keep_its_pixels(tmp_path):
    workspace = Workspace(tmp_path, tmp_path / 'no server')
    page = [block for block in blocks(*SHELL) if block.page == 'docs/tutorials/analyst.md']
    (by_rio,) = [block for block in page if block.first.startswith('rio stack')]
    run(by_rio, workspace, parse_only=False)

    with rasterio.open(tmp_path / 'before.tif') as made:
        prepared, bounds, known = made.read(), made.bounds, made.read_masks(1) > 0
        assert (made.driver, made.nodata) == ('GTiff', 0)
    for band, name in enumerate(('B04', 'B03', 'B02')):
        with rasterio.open(tmp_path / f'{SENTINEL2[1]}_{name}_10m.jp2') as tile:
            assert tile.driver == 'JP2OpenJPEG'
            pixels = tile.read(1, window=tile.window(*bounds))
        np.testing.assert_array_equal(prepared[band], pixels)
    np.testing.assert_array_equal(known, prepared[0] > 0)
    assert not known.all()


def test_the_place_of_the_tutorial_lies_in_its_tile():
    page = (ROOT / 'docs' / 'tutorials' / 'analyst.md').read_text()
    zone, column, row = re.search(r'T(\d\d)\w(\w)(\w)_', page).groups()
    west, north, east, south = map(int, re.search(r'-projwin ([\d ]+)', page)[1].split())
    # MGRS: columns repeat every three zones, rows every 2,000 km, from F in even zones.
    columns = ('STUVWXYZ', 'ABCDEFGH', 'JKLMNPQR')[int(zone) % 3]
    rows = 'FGHJKLMNPQRSTUVABCDE' if int(zone) % 2 == 0 else 'ABCDEFGHJKLMNPQRSTUV'
    left, bottom = 100_000 * (columns.index(column) + 1), 100_000 * rows.index(row)
    assert left <= west < east <= left + 100_000
    assert bottom <= south % 2_000_000 < north % 2_000_000 <= bottom + 100_000


@pytest.mark.slow
def test_the_examples_in_python(address, tmp_path):
    workspace = Workspace(tmp_path, address)
    workspace.write_configs(EXAMPLES)
    ours, mmseg = (
        run(Block(EXAMPLES, 'bash', f'python {name}.py\n'), workspace, parse_only=False)
        for name in ('run_from_python', 'predict_with_mmseg')
    )

    assert ours.stdout.startswith("{'landslides': ")
    assert (tmp_path / 'from_python' / 'landslides.gpkg').is_file()
    assert "('background', 'landslide') tensor(0." in mmseg.stdout
    assert (tmp_path / 'predictions' / 'pred' / '00000000_pred.png').is_file()


def run(block, workspace, *, parse_only):
    """Run a block, or let only the parsers of its commands judge it."""
    text = block.text
    for long, short in SMALLER.items():
        text = text.replace(long, short)
    done = subprocess.run(
        ['bash', '-euc', text],
        cwd=workspace.folder,
        env=workspace.environment(parse_only=parse_only),
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, f'{block.page}:\n{block.text}\n{done.stdout}\n{done.stderr}'
    return done
