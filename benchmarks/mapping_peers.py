"""Map one scene end to end with dfpenet_mm and with other packages, one after the other.

    python benchmarks/mapping_peers.py --venvs FOLDER [--size 8192x8192] [--json RESULTS]

FOLDER/<peer>/bin/python is the Python in which a peer is installed, as benchmarks/peers/README.md
says; peers without one are left out, with a line on stderr. Every run is a process of its own on
one core with one thread (Linux). With --json each result is kept as a line as soon as it is known,
and what the file holds already is not run again. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / 'benchmarks' / 'peers'
# A script finds its own folder alone; it must also run in a checkout that is not installed.
sys.path[:0] = [str(ROOT), str(PEERS)]

from dfpenet_mm.cli.refusals import exit_on_user_error  # noqa: E402
from dfpenet_mm.errors import ConfigError  # noqa: E402
from dfpenet_mm.installation import quiet_libraries  # noqa: E402
from dfpenet_mm.resources import shipped_file  # noqa: E402
from dfpenet_mm.vocabulary import NODATA  # noqa: E402

with quiet_libraries():
    import numpy as np
    import rasterio
    from job import MASK, MEASURED, THRESHOLD
    from rows import ROWS, Peer
    from scenes import CHECKPOINT, CONFIG, PeerInput, mapping_input, seam_input

LOG = 'log.txt'
# Wrong labels are not counted nearer to the scene's edge, where every package pads its own way.
SEAM_BORDER = 64
ONE_THREAD = dict.fromkeys(('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'), '1')
COLUMNS = {
    'peer': '{peer}',
    'scene': '{size}',
    'wall s': '{process_seconds:.0f}',
    'CPU s': '{process_cpu_seconds:.0f}',
    'job CPU s': '{job_cpu_seconds:.0f}',
    'Mpx / CPU s': '{rate:.2f}',
    'peak GB': '{peak_gb:.2f}',
    'wrong labels': '{wrong_labels}',
    'collar labelled': '{collar_labelled:.0%}',
    'collar landslide px': '{collar_landslide:,}',
    'labels as the first': '{agreement:.2%}',
}


def run_peer(
    peer: Peer, given: PeerInput, folder: Path, args: argparse.Namespace
) -> tuple[dict[str, float], np.ndarray]:
    """Run a peer once in a process of its own.

    Returns:
        What it took, and its labels, shape (rows, cols).

    Raises:
        ConfigError: if it fails.
    """
    settings = dict(peer.settings)
    if 'backend' in settings:
        names = {'config': args.config, 'checkpoint': args.checkpoint}
        settings |= {name: str(shipped_file(path).absolute()) for name, path in names.items()}
    if args.quantised and settings.get('backend') in ('openvino', 'auto'):
        settings['quantised'] = str(args.quantised.absolute())
    with tempfile.TemporaryDirectory(dir=folder) as out, (folder / LOG).open('a') as log:
        command = [str(peer.python(args.venvs)), str(PEERS / peer.script)]
        command += ['--scene', str(given.scene), '--network', str(given.network), '--out', out]
        command += ['--window', str(args.window), '--stride', str(args.stride)]
        command += ['--batch', str(args.batch), '--settings', json.dumps(settings)]
        environment = {**os.environ, **ONE_THREAD, 'DFPENET_MM_CACHE': str(folder / 'cache')}
        log.write(f'\n== {peer.name}\n')
        log.flush()
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        # Unlike RUSAGE_CHILDREN this is of one process and of those that it waited for.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise ConfigError(
                f'{peer.name} failed with exit code {process.returncode}; see {folder / LOG}, '
                f'mend its environment or leave it out with --only'
            )
        measured = json.loads((Path(out) / MEASURED).read_text())
        with rasterio.open(Path(out) / MASK) as dataset:
            labels = dataset.read(1)
    measured |= {
        'process_seconds': seconds,
        'process_cpu_seconds': usage.ru_utime + usage.ru_stime,
    }
    return measured, labels


def score(labels: np.ndarray, first: Path, collar: int) -> dict[str, float]:
    """Look at a map's nodata, and compare its labels with the first row's.

    Args:
        labels: shape (rows, cols), uint8.
        first: ``.npy`` of the first row's labels beside the collar; written if not there.
        collar: columns of nodata on the left.

    Returns:
        Plain values.
    """
    nodata, rest = labels[:, :collar], labels[:, collar:]
    if not first.exists():
        np.save(first, rest)
    return {
        'collar_labelled': float((nodata != NODATA).mean()) if collar else 0.0,
        'collar_landslide': int((nodata == 1).sum()),
        'agreement': float((rest == np.load(first)).mean()),
    }


def wrong_labels(labels: np.ndarray, exact: Path) -> int:
    """Count the labels of ``labels`` that the exact probability gives otherwise."""
    inside = (slice(SEAM_BORDER, -SEAM_BORDER),) * 2
    return int((labels[inside] != (np.load(exact)[inside] >= THRESHOLD)).sum())


def measure(
    peer: Peer, inputs: tuple[PeerInput, PeerInput], folder: Path, args: argparse.Namespace
) -> dict[str, Any]:
    """Run a peer on both scenes and score its labels."""
    mapped, seam = inputs
    measured, labels = run_peer(peer, mapped, folder, args)
    cols, rows = args.size
    found = {
        'peer': peer.name,
        'size': f'{cols}x{rows}',
        **measured,
        'rate': cols * rows / 1e6 / measured['process_cpu_seconds'],
        **score(labels, folder / f'{mapped.network.stem}_{cols}x{rows}.npy', mapped.collar),
    }
    if peer.seam:
        _, labels = run_peer(peer, seam, folder, args)
        found['wrong_labels'] = wrong_labels(labels, seam.exact)
    return found


def known_results(path: Path | None) -> list[dict[str, Any]]:
    """Read the results that an earlier run has kept."""
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def table(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Put results into a Markdown table."""
    yield f'| {" | ".join(COLUMNS)} |'
    yield '|---' * len(COLUMNS) + '|'
    for result in results:
        wrong = f'{result["wrong_labels"]:,}' if 'wrong_labels' in result else ''
        shown = {**result, 'wrong_labels': wrong}
        yield '| ' + ' | '.join(cell.format(**shown) for cell in COLUMNS.values()) + ' |'


def parse_size(text: str) -> tuple[int, int]:
    """Read ``COLSxROWS``."""
    cols, rows = map(int, text.split('x'))
    return cols, rows


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--venvs', type=Path, help="folder of the peers' environments")
    parser.add_argument('--size', type=parse_size, default=(8192, 8192), metavar='COLSxROWS')
    parser.add_argument('--collar', type=int, default=300, help='columns of nodata (default 300)')
    parser.add_argument('--seam-side', type=int, default=2048, help='of the scene for seams')
    parser.add_argument('--window', type=int, default=512)
    parser.add_argument('--stride', type=int, default=384)
    parser.add_argument('--batch', type=int, default=1, help='windows in a call')
    parser.add_argument('--core', type=int, default=0, help='core to run on')
    parser.add_argument('--config', type=Path, default=CONFIG, help='of the network to run')
    parser.add_argument('--checkpoint', type=Path, default=CHECKPOINT, help='its weights')
    parser.add_argument(
        '--quantised', type=Path, help='int8 network that landslide-map export wrote'
    )
    parser.add_argument('--only', nargs='+', metavar='NAME', help='rows with this in their names')
    parser.add_argument('--folder', type=Path, help='keep scenes, networks and the log here')
    parser.add_argument('--json', type=Path, help='keep results here, one a line')
    args = parser.parse_args(arguments)
    least = args.seam_side - 2 * SEAM_BORDER
    if not 1 <= args.stride <= args.window or min(*args.size, least) < args.window:
        raise ConfigError(
            f'window {args.window} and stride {args.stride} do not fit; give a stride in '
            f'[1, window], a --size no smaller than a window and a --seam-side of at least '
            f'{args.window + 2 * SEAM_BORDER}'
        )
    return args


def wanted_rows(args: argparse.Namespace) -> Iterator[Peer]:
    """Choose what is run, saying what is left out."""
    for peer in ROWS:
        if args.only and not any(part in peer.name for part in args.only):
            continue
        if peer.python(args.venvs) is None:
            sys.stderr.write(f'{peer.name} is left out: no {peer.folder}/bin/python in --venvs\n')
        elif peer.settings.get('precision') == 'int8' and not args.quantised:
            sys.stderr.write(f'{peer.name} is left out: it needs --quantised\n')
        else:
            yield peer


def run(args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Measure every row that is not known yet; a failing one costs a line on stderr."""
    results = known_results(args.json)
    known = {(result['peer'], parse_size(result['size'])) for result in results}
    # Every run inherits it.
    os.sched_setaffinity(0, {args.core})
    cols, rows = args.size
    inputs = (
        mapping_input(
            folder,
            (rows, cols),
            collar=args.collar,
            window=args.window,
            config=args.config,
            checkpoint=args.checkpoint,
        ),
        seam_input(folder, args.seam_side, window=args.window),
    )
    for peer in wanted_rows(args):
        if (peer.name, args.size) in known:
            continue
        sys.stderr.write(f'{peer.name} ...\n')
        try:
            results.append(measure(peer, inputs, folder, args))
        except ConfigError as error:
            sys.stderr.write(f'{error}\n')
            continue
        if args.json:
            with args.json.open('a') as file:
                file.write(json.dumps(results[-1]) + '\n')
    return results


def main() -> None:
    """Run the benchmark."""
    with exit_on_user_error(debug=False), tempfile.TemporaryDirectory() as temporary:
        args = parse_arguments()
        folder = (args.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        results = run(args, folder)
    sys.stdout.write('\n'.join(table(results)) + '\n')


if __name__ == '__main__':
    main()
