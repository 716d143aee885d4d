#!/usr/bin/env python
"""Take the pictures of docs/qgis.md: the plug-in at work in a QGIS on a virtual screen.

Needs the system's QGIS and Xvfb (Debian and Ubuntu: qgis, python3-qgis, xvfb), and this environment
with landslide-map. QGIS starts with a new profile into which the plug-in is unpacked from its
archive, and maps the demo scene from the plug-in's dialog.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import traceback
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve()
ROOT = HERE.parents[1]
INSIDE = 'DFPENET_SCREENSHOTS'
SCREEN = 1280, 800
# Pixels of a whole window on the page.
WIDE = 1100
# Of the project: metres, unlike those of the images.
MAP_CRS = 'EPSG:32654'
# Seconds that everything may take, the mapping included.
PATIENCE_S = 1800
PROFILE = Path('profiles', 'default')
SETTINGS = """\
[PythonPlugins]
landslides=true
processing=true

[qgis]
checkVersion=false

[app]
projections\\unknownCrsBehavior=NoAction

[Processing]
Configuration\\LANDSLIDES_COMMAND={command}
"""


def main() -> None:
    """Start QGIS with this file as its code, and make its pictures small."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, default=ROOT / 'docs' / 'images', help='folder')
    out = parser.parse_args().out.resolve()
    with tempfile.TemporaryDirectory(prefix='analyst_') as name:
        home = Path(name)
        shots, scratch = home / 'shots', home / 'scratch'
        shots.mkdir()
        scratch.mkdir()
        make_profile(home)
        # QGIS reads the code of a file, which then knows no name of its own.
        start = home / 'start.py'
        start.write_text(f'import runpy; runpy.run_path({str(HERE)!r}, run_name={INSIDE!r})\n')
        # Layers in the folder for temporary files would be marked as such.
        folders = dict.fromkeys(('HOME', 'XDG_RUNTIME_DIR', INSIDE), name) | {
            'TMPDIR': str(scratch)
        }
        environment = os.environ | folders
        for role in ('post', 'pre'):
            (home / f'{role}.tif').symlink_to(ROOT / 'demo' / f'hokkaido_{role}.tif')
        subprocess.run(
            [
                *('xvfb-run', '-a', '-s', '-screen 0 {}x{}x24'.format(*SCREEN)),
                *('qgis', '--nologo', '--noversioncheck', '--profiles-path', home),
                *('--code', start),
            ],
            env=environment,
            cwd=home,
            check=True,
            timeout=PATIENCE_S,
        )
        for shot in sorted(shots.iterdir()):
            print(make_small(shot, out))


def make_profile(home: Path) -> None:
    """Unpack the plug-in into a new profile and enable it."""
    plugins = home / PROFILE / 'python' / 'plugins'
    archive = home / 'landslides.zip'
    subprocess.run([sys.executable, ROOT / 'tools' / 'zip_plugin.py', archive], check=True)
    zipfile.ZipFile(archive).extractall(plugins)
    ini = home / PROFILE / 'QGIS' / 'QGIS3.ini'
    ini.parent.mkdir(parents=True)
    # By a name that is no matter of this machine, as the log shows it.
    command = home / 'landslide-map'
    command.symlink_to(Path(sys.executable).with_name('landslide-map'))
    ini.write_text(SETTINGS.format(command=command), encoding='utf-8')


def make_small(shot: Path, out: Path) -> Path:
    """Write a picture with few colours, or as JPEG where it shows a satellite image."""
    from PIL import Image  # noqa: PLC0415 - QGIS's Python may have none

    picture = Image.open(shot).convert('RGB')
    if shot.stem.endswith('result'):
        target = out / f'{shot.stem}.jpg'
        size = WIDE, round(picture.height * WIDE / picture.width)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
        picture.save(target, quality=70, optimize=True, progressive=True)
        return target
    target = out / shot.name
    picture.quantize(128).save(target, optimize=True)
    return target


def photograph(home: Path) -> None:
    """Take the pictures, from inside of QGIS."""
    import processing  # noqa: PLC0415
    from qgis.core import (  # noqa: PLC0415
        QgsCoordinateReferenceSystem,
        QgsProject,
        QgsRasterLayer,
    )
    from qgis.PyQt.QtWidgets import QProgressBar  # noqa: PLC0415
    from qgis.utils import iface  # noqa: PLC0415

    iface.mainWindow().resize(*SCREEN)
    pre, post = (QgsRasterLayer(str(home / f'{role}.tif'), role) for role in ('pre', 'post'))
    for layer, name in ((pre, 'before the event'), (post, 'after the event')):
        layer.setName(name)
        QgsProject.instance().addMapLayer(layer)
        QgsProject.instance().layerTreeRoot().findLayer(layer.id()).setExpanded(False)
    save(unfolded_toolbox(iface.mainWindow()), home, 'qgis_toolbox')
    # Only now, as QGIS takes the CRS of the first layer when it has time.
    QgsProject.instance().setCrs(QgsCoordinateReferenceSystem(MAP_CRS))
    iface.mapCanvas().zoomToFullExtent()
    given = {'POST': post, 'PRE': pre, 'OUT': str(home / 'hokkaido')}
    for algorithm, values in ('setup', {'CONSENT': True}), ('map', given):
        dialog = processing.createAlgorithmDialog(f'landslides:{algorithm}', values)
        dialog.resize(900, 560)
        dialog.show()
        save(dialog, home, f'qgis_{algorithm}')
    dialog.runAlgorithm()
    bar = dialog.findChild(QProgressBar)
    wait_until(lambda: bar.value() > 55 or dialog.wasExecuted())
    save(dialog, home, 'qgis_log')
    wait_until(dialog.wasExecuted)
    dialog.close()
    (landslides,) = QgsProject.instance().mapLayersByName('landslides')
    iface.setActiveLayer(landslides)
    iface.mapCanvas().zoomScale(32_000)
    wait(8)
    save(iface.mainWindow(), home, 'qgis_result')


def unfolded_toolbox(window):
    """Leave few bars and docks of a window, and show the plug-in's algorithms in the toolbox."""
    from qgis.PyQt.QtWidgets import QDockWidget, QToolBar  # noqa: PLC0415

    for bar in window.findChildren(QToolBar):
        bar.setVisible(bar.objectName() in ('mFileToolBar', 'mMapNavToolBar', 'mDigitizeToolBar'))
    for dock in window.findChildren(QDockWidget):
        dock.setVisible(dock.objectName() in ('Layers', 'ProcessingToolbox'))
    toolbox = window.findChild(QDockWidget, 'ProcessingToolbox')
    toolbox.setFloating(True)
    toolbox.resize(340, 360)
    tree = toolbox.algorithmTree
    tree.collapseAll()
    rows = [tree.model().index(row, 0) for row in range(tree.model().rowCount())]
    (ours,) = [index for index in rows if index.data() == 'Landslides']
    tree.expandRecursively(ours)
    wait(1)
    tree.scrollTo(ours, tree.PositionAtTop)
    tree.clearSelection()
    return toolbox


def wait(seconds: float) -> None:
    """Let QGIS work."""
    from qgis.PyQt.QtCore import QEventLoop, QTimer  # noqa: PLC0415

    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def wait_until(done) -> None:
    """Let QGIS work until something is so."""
    for _ in range(PATIENCE_S):
        if done():
            return
        wait(1)


def save(widget, home: Path, name: str) -> None:
    """Take a picture of a widget."""
    wait(1)
    widget.grab().save(str(home / 'shots' / f'{name}.png'))


if __name__ == INSIDE:
    try:
        photograph(Path(os.environ[INSIDE]))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    # QGIS would ask whether to save the project.
    os._exit(0)
elif __name__ == '__main__':
    main()
