"""Windows of images on servers or a disk, on another grid, kept once they have been read."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from dfpenet_mm.errors import DfpenetError, InputFileError, NetworkError, RasterFormatError, brief
from dfpenet_mm.files import whole_file
from dfpenet_mm.grid import RasterGrid, turn_of
from dfpenet_mm.imagery import network
from dfpenet_mm.imagery.items import BANDS, SourceItem, is_address
from dfpenet_mm.imagery.offsets import ItemRefusedError

# Pixels of the warper's own approximation of a projection; GDAL's default is 0.125.
TOLERANCE = 0.01
# Further tries where a connection broke inside of a file, which GDAL itself does not repeat.
TRIES = 3
# Answers that no second try will change.
FINAL = ('code: 401', 'code: 403', 'code: 404', 'code: 410')
DIGEST = 32


class ItemReader(AbstractContextManager):
    """The files of an item, opened when they are first wanted and seen on a grid.

    Where the grid's pixels lie on the file's own, nothing is resampled. Only the windows asked
    for are read. Files may be read in several threads, each file in one at a time.

    Args:
        item: the image or tile.
        grid: the grid wanted; one in degrees may run on past the antimeridian.
        nearest: take the nearest pixel of a value instead of interpolating bilinearly.
    """

    def __init__(self, item: SourceItem, grid: RasterGrid, *, nearest: bool = False) -> None:
        self.item, self.grid, self._nearest = item, grid, nearest
        self._open: dict[str, tuple[ExitStack, WarpedVRT]] = {}

    def __exit__(self, *_: object) -> None:
        for role in list(self._open):
            self._close(role)

    def read(self, role: str, window: Window, *, classes: bool = False) -> np.ndarray:
        """Read a window of a file.

        Args:
            role: of the file, such as ``red``.
            window: pixels of the grid.
            classes: they are codes, not to be interpolated.

        Returns:
            Array, shape (rows, cols), the file's numbers; 0, or NaN of elevation, where it has
            none.

        Raises:
            ItemRefusedError: if the item lacks the file, or the server does not have or give it.
            NetworkError: if its server cannot be reached, or breaks off time and again.
            InputFileError: if a file of this machine cannot be read.
            RasterFormatError: if it has no place on Earth.
        """
        asset = self.item.assets.get(role)
        if asset is None:
            raise ItemRefusedError(
                f'{self.item.id} has no file of {role}; choose another image, or name the right '
                f'collection'
            )
        tries = TRIES if is_address(asset.href) else 1
        for attempt in range(tries):
            try:
                with rasterio.Env(**network.read_settings()):
                    return self._warped(role, classes=classes).read(1, window=window)
            except (RasterioError, CPLE_BaseError, OSError) as error:
                self._close(role)
                cause = str(error.__cause__ or error)
                if attempt + 1 == tries or any(code in cause for code in FINAL):
                    raise self._failure(role, asset.href, error) from error
                time.sleep(network.BACK_OFF_S * 2**attempt)
        raise AssertionError  # pragma: no cover

    def read_bands(self, window: Window) -> np.ndarray:
        """Read red, green, blue and near infrared at once.

        Returns:
            Array, shape (4, rows, cols).

        Raises:
            DfpenetError: as ``read``.
        """
        with ThreadPoolExecutor(len(BANDS)) as pool:
            return np.stack(list(pool.map(lambda band: self.read(band, window), BANDS)))

    def source_grid(self, role: str) -> RasterGrid:
        """Return the own grid of a file."""
        self.read(role, Window(0, 0, 1, 1), classes=True)
        with rasterio.Env(**network.read_settings()):
            return RasterGrid.from_dataset(self._open[role][1].src_dataset)

    def _warped(self, role: str, *, classes: bool) -> WarpedVRT:
        if role not in self._open:
            name = self.item.assets[role].gdal_name
            with ExitStack() as stack:
                source = stack.enter_context(rasterio.open(name))
                level = _overview(source, self.grid)
                if level is not None:
                    source = stack.enter_context(rasterio.open(name, overview_level=level))
                warped = stack.enter_context(self._on_grid(source, classes=classes))
                self._open[role] = stack.pop_all(), warped
        return self._open[role][1]

    def _on_grid(self, source: DatasetReader, *, classes: bool) -> WarpedVRT:
        if not source.crs or source.transform.is_identity:
            raise RasterFormatError(
                f'{source.name} of {self.item.id} has no georeference; choose another image'
            )
        grid, own = self.grid, RasterGrid.from_dataset(source)
        turn = turn_of(grid.crs)
        if turn and turn_of(own.crs):
            # GDAL takes longitudes as numbers: the grid goes to the file's turn.
            shift = turn * round((own.center[0] - grid.center[0]) / turn)
            grid = replace(grid, transform=Affine.translation(shift, 0) @ grid.transform)
        floating = np.issubdtype(source.dtypes[0], np.floating)
        nothing = np.nan if floating else 0
        plain = classes or self._nearest or lies_on(grid, own)
        return WarpedVRT(
            source,
            crs=grid.crs,
            transform=grid.transform,
            width=grid.shape[1],
            height=grid.shape[0],
            resampling=Resampling.nearest if plain else Resampling.bilinear,
            src_nodata=source.nodata if source.nodata is not None else nothing,
            nodata=nothing,
            tolerance=TOLERANCE,
        )

    def _close(self, role: str) -> None:
        opened = self._open.pop(role, None)
        if opened:
            opened[0].close()

    def _failure(self, role: str, href: str, error: Exception) -> DfpenetError:
        cause = brief(error.__cause__ if isinstance(error.__cause__, Exception) else error)
        what = f'{self.item.id}: its file of {role} '
        if not is_address(href):
            return InputFileError(f'{what}({href}) cannot be read ({cause}); copy it again')
        if any(code in str(error.__cause__ or error) for code in FINAL):
            return ItemRefusedError(
                f'{what}is not given by the server ({cause}); choose another image, or name '
                f'another server'
            )
        return NetworkError(
            f'{what}cannot be read to its end ({cause}); check the connection and give the same '
            f'command again, what was read is kept'
        )


def _overview(source: DatasetReader, grid: RasterGrid) -> int | None:
    """Return the coarsest overview that is no coarser than a grid; the warper takes none itself."""
    if not source.crs or source.transform.is_identity:
        return None
    ratio = grid.gsd / RasterGrid.from_dataset(source).gsd
    serving = [level for level, by in enumerate(source.overviews(1)) if by <= ratio * 1.01]
    return serving[-1] if serving else None


def lies_on(grid: RasterGrid, own: RasterGrid) -> bool:
    """Tell whether the pixels of a grid are pixels of a file, to 1/1000."""
    if grid.crs != own.crs:
        return False
    step = ~own.transform @ grid.transform
    parts = np.array(step[:6])
    whole = np.array([1, 0, round(step.c), 0, 1, round(step.f)])
    return bool(np.abs(parts - whole).max() < 1e-3)


class KeptWindows:
    """Windows on the disk, each whole under its name or not there.

    Args:
        folder: where they lie; made when the first one comes.
        about: what all of them depend on, such as the grid.
    """

    def __init__(self, folder: Path, about: str) -> None:
        self.folder, self._about = folder, about
        self.sums: dict[str, hashlib._Hash] = {}

    def get(self, item: SourceItem, what: str, read: Callable[[], np.ndarray]) -> np.ndarray:
        """Return a window, read now or by an earlier command.

        Args:
            item: that it is of.
            what: role and window, in words.
            read: gives it, if it is not there.

        Raises:
            DfpenetError: as ``read`` does.
            OutputError: if the disk refuses.
        """
        hrefs = sorted(asset.href for asset in item.assets.values())
        key = '\n'.join([self._about, item.id, *hrefs, what])
        path = self.folder / f'{hashlib.sha256(key.encode()).hexdigest()[:32]}.window'
        array = _unpacked(path)
        if array is None:
            array = read()
            with whole_file(path, parents=True, advice='free some space') as part:
                part.write_bytes(_packed(array))
        self.sums.setdefault(item.id, hashlib.sha256()).update(array.tobytes())
        return array


def _packed(array: np.ndarray) -> bytes:
    head = f'{array.dtype.str} {" ".join(map(str, array.shape))}\n'.encode()
    content = head + zlib.compress(np.ascontiguousarray(array).tobytes(), 1)
    return hashlib.sha256(content).digest() + content


def _unpacked(path: Path) -> np.ndarray | None:
    """Read a window that is kept; None if there is none, or a spoilt one."""
    try:
        held = path.read_bytes()
    except OSError:
        return None
    content = held[DIGEST:]
    if hashlib.sha256(content).digest() != held[:DIGEST]:
        return None
    head, _, packed = content.partition(b'\n')
    dtype, *sides = head.decode().split()
    return np.frombuffer(zlib.decompress(packed), dtype).reshape([int(side) for side in sides])


def windows(shape: tuple[int, int], side: int) -> Sequence[Window]:
    """Return windows that fill a grid, row by row."""
    rows, cols = shape
    return [
        Window(col, row, min(side, cols - col), min(side, rows - row))
        for row in range(0, rows, side)
        for col in range(0, cols, side)
    ]
