"""A small world on the loopback address: a STAC API, its images, and an earthquake catalogue."""

import json
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyproj
import rasterio
import shapely
import shapely.affinity
from affine import Affine

BANDS = ('red', 'green', 'blue', 'nir')
EPSG = 32654
EVENT = datetime(2018, 9, 5, 18, 7, 59, tzinfo=UTC)
# A corner of Sentinel-2's pixels near Iburi.
ORIGIN = (570_000, 4_740_000)


def ground(epsg, transform, shape, reference=(EPSG, ORIGIN)):
    """Numbers that tell where they lie: smooth in metres of a zone, a slope of 20 a pixel."""
    zone, origin = reference
    rows, cols = np.indices(shape) + 0.5
    xs, ys = transform @ (cols, rows)
    if epsg != zone:
        way = pyproj.Transformer.from_crs(epsg, zone, always_xy=True)
        xs, ys = way.transform(xs, ys)
    east, north = (xs - origin[0]) / 10, (origin[1] - ys) / 10
    wave = 500 * np.sin(east / 25) + 500 * np.sin(north / 25)
    return np.stack([1200 + wave + 40 * number for number in range(len(BANDS))])


class World:
    """Files in a folder, items about them, and what a server does wrong with them.

    Attributes:
        sent: bytes of every path.
        faults: by a part of a path: a list of what its next requests get, the last one for good.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.items, self.events, self.pages = [], {}, {}
        self.sent, self.requests, self.faults = {}, [], {}
        self.url, self.reference = '', (EPSG, ORIGIN)

    def image(
        self,
        name,
        when,
        *,
        epsg=EPSG,
        origin=ORIGIN,
        shape=(256, 256),
        added=0,
        classes=None,
        values=None,
        baseline='02.06',
        applied=None,
        declared=None,
        orbit=11,
        collection='sentinel-2-c1-l2a',
        without=(),
        block=128,
        alike='',
    ):
        """Write an image of bands at 10 m and classes at 20 m, and its item."""
        place = Affine(10, 0, origin[0], 0, -10, origin[1])
        bands = ground(epsg, place, shape, self.reference) if values is None else values
        if alike:
            bands = [bands[0]] * len(BANDS)
        else:
            bands = np.where(bands > 0, np.rint(bands + added), 0).astype(np.uint16)
        coarse = tuple(side // 2 for side in shape)
        scl = np.full(coarse, 4, np.uint8) if classes is None else classes
        files = dict(zip(BANDS, bands, strict=True)) | {'scl': scl}
        assets = {}
        for role, array in files.items():
            if role in without:
                continue
            path = self.folder / 'files' / f'{name}_{role}.tif'
            path.parent.mkdir(exist_ok=True)
            step = 2 if role == 'scl' else 1
            transform = place @ Affine.scale(step)
            if alike and (role != 'red' or alike != name) and (role != 'scl' or alike != name):
                path.symlink_to(f'{alike}_{role if role == "scl" else "red"}.tif')
            else:
                write_cog(path, array, epsg, transform, nodata=0, block=block)
            assets[role] = {'href': f'{self.url}/files/{path.name}'}
            if declared is not None and role != 'scl':
                assets[role]['raster:bands'] = [{'scale': 0.0001, 'offset': declared}]
        told = {'datetime': when, 'sat:relative_orbit': orbit}
        told |= {'s2:processing_baseline': baseline} if baseline else {}
        told |= {} if applied is None else {'earthsearch:boa_offset_applied': applied}
        box = shapely.box(
            origin[0], origin[1] - 10 * shape[0], origin[0] + 10 * shape[1], origin[1]
        )
        return self._item(name, collection, (told, assets), box, epsg)

    def elevation(self, name, west, north, *, size=(180, 180)):
        """Write a tile of elevation in degrees, and its item."""
        step = 1 / 3600
        place = Affine(step, 0, west, 0, -step, north)
        path = self.folder / 'files' / f'{name}.tif'
        path.parent.mkdir(exist_ok=True)
        rows, cols = np.indices(size)
        write_cog(path, (300 + rows + cols / 10).astype(np.float32), 4326, place, nodata=None)
        box = shapely.box(west, north - size[0] * step, west + size[1] * step, north)
        assets = {'data': {'href': f'{self.url}/files/{path.name}'}}
        told = {'datetime': '2021-04-22T00:00:00Z'}
        return self._item(name, 'cop-dem-glo-30', (told, assets), box, 4326)

    def _item(self, name, collection, about, box, epsg):
        told, assets = about
        degrees = box
        if epsg != 4326:
            way = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True)
            degrees = shapely.transform(box, lambda xy: unwrapped(way, xy))
        if degrees.bounds[2] > 180:
            # As catalogues part what lies across the antimeridian.
            east = degrees.intersection(shapely.box(180, -90, 360, 90))
            west = degrees.intersection(shapely.box(0, -90, 180, 90))
            degrees = shapely.MultiPolygon([west, shapely.affinity.translate(east, -360)])
        item = {
            'type': 'Feature',
            'stac_version': '1.0.0',
            'id': name,
            'collection': collection,
            'geometry': json.loads(shapely.to_geojson(degrees)),
            'bbox': list(degrees.bounds),
            'properties': told,
            'assets': assets,
            'links': [],
        }
        self.items.append(item)
        return item

    def event(self, code='us2000h8ty', *, lon=141.9, lat=42.7, magnitude=6.6, contour=None):
        """Add an earthquake, with the contour of intensity 6 as a ring of its ShakeMap."""
        products = {}
        if contour is not None:
            ring = [list(pair) for pair in contour.exterior.coords]
            lines = {'type': 'MultiLineString', 'coordinates': [ring]}
            feature = {'type': 'Feature', 'properties': {'value': 6.0}, 'geometry': lines}
            self.pages['/contours.json'] = {'type': 'FeatureCollection', 'features': [feature]}
            contents = {'download/cont_mmi.json': {'url': f'{self.url}/contours.json'}}
            products = {'shakemap': [{'contents': contents}]}
        self.events[code] = {
            'type': 'Feature',
            'id': code,
            'properties': {
                'mag': magnitude,
                'time': int(EVENT.timestamp() * 1000),
                'title': f'M {magnitude} - Hokkaido',
                'products': products,
            },
            'geometry': {'type': 'Point', 'coordinates': [lon, lat, 35]},
        }

    def answer(self, path, query, body):
        """Return the JSON that a path gives; None for nothing there."""
        if path == '/stac':
            return self._landing()
        if path == '/stac/search':
            return self._search(json.loads(body))
        if path == '/usgs':
            return self.events.get(parse_qs(query).get('eventid', [''])[0])
        return self.pages.get(path)

    def _landing(self):
        links = [{'rel': rel, 'href': f'{self.url}/stac'} for rel in ('root', 'self')]
        search = f'{self.url}/stac/search'
        links += [
            {'rel': 'search', 'href': search, 'method': method, 'type': 'application/geo+json'}
            for method in ('GET', 'POST')
        ]
        conforms = [f'https://api.stacspec.org/v1.0.0/{what}' for what in ('core', 'item-search')]
        return {
            'type': 'Catalog',
            'id': 'world',
            'description': 'world',
            'stac_version': '1.0.0',
            'conformsTo': conforms,
            'links': links,
        }

    def _search(self, asked):
        start, end = (asked.get('datetime') or '/').split('/')
        box = shapely.box(*asked['bbox'])
        found = [
            item
            for item in self.items
            if item['collection'] in asked['collections']
            and shapely.from_geojson(json.dumps(item['geometry'])).intersects(box)
            and (not start or start <= item['properties']['datetime'] <= end)
        ]
        return {'type': 'FeatureCollection', 'features': found, 'links': []}

    def fault(self, path):
        """Return what goes wrong with a request; None for nothing."""
        for part, following in self.faults.items():
            if part in path:
                return following.pop(0) if len(following) > 1 else following[0]
        return None


def unwrapped(way, xy):
    """Longitudes that run on past 180."""
    lons, lats = way.transform(*xy.T)
    turned = np.where(lons < 0, lons + 360, lons)
    return np.column_stack([turned if np.ptp(lons) > 180 else lons, lats])


def write_cog(path, array, epsg, transform, *, nodata, block=128):
    with rasterio.open(
        path,
        'w',
        driver='COG',
        height=array.shape[0],
        width=array.shape[1],
        count=1,
        dtype=array.dtype,
        crs=f'EPSG:{epsg}',
        transform=transform,
        nodata=nodata,
        compress='deflate',
        blocksize=block,
        overview_resampling='nearest',
    ) as target:
        target.write(array, 1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_POST(self):
        self._serve(self.rfile.read(int(self.headers['Content-Length'])))

    def do_GET(self):
        self._serve(b'')

    do_HEAD = do_GET

    def _serve(self, body):
        world, parts = self.server.world, urlsplit(self.path)
        world.requests.append((parts.path, self.headers.get('Range')))
        fault = world.fault(parts.path)
        if isinstance(fault, int):
            self._send(fault, b'{}')
        elif isinstance(fault, str):
            self.send_response(302)
            self.send_header('Location', fault + parts.path)
            self.send_header('Content-Length', '0')
            self.end_headers()
        elif parts.path.startswith('/files/'):
            self._file(world.folder / parts.path[1:], fault)
        else:
            found = world.answer(parts.path, parts.query, body)
            self._send(404 if found is None else 200, json.dumps(found).encode())

    def _send(self, code, content, headers=(), size=None):
        self.send_response(code)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(content) if size is None else size))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(content)

    def _file(self, path, fault):
        if not path.is_file():
            self._send(404, b'')
            return
        content = path.read_bytes()
        total = len(content)
        asked = self.headers.get('Range')
        first, last = 0, total - 1
        if asked:
            begin, end = asked.removeprefix('bytes=').split('-')
            first, last = int(begin), min(int(end or last), last)
        part = content[first : last + 1]
        if fault == ('lies',):
            total //= 3
        if fault == ('slow',):
            time.sleep(0.05)
        headers = [('Accept-Ranges', 'bytes')]
        if asked:
            headers.append(('Content-Range', f'bytes {first}-{last}/{total}'))
        if self.command != 'HEAD':
            sent = self.server.world.sent
            sent[path.name] = sent.get(path.name, 0) + len(part)
        if fault == ('breaks',):
            self._send(206 if asked else 200, part[: len(part) // 2], headers, size=len(part))
            self.close_connection = True
            return
        size = total if self.command == 'HEAD' else None
        self._send(206 if asked else 200, part, headers, size=size)


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Let clients hang up."""


@contextmanager
def serving(folder):
    """Serve a world from a folder while the block runs."""
    world = World(folder)
    server = QuietServer(('127.0.0.1', 0), Handler)
    server.world = world
    world.url = f'http://127.0.0.1:{server.server_port}'
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
