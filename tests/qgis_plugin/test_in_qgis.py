"""The algorithms in a QGIS without windows, with a program that stands for the command."""

import pyproj
import pytest

from tests.qgis_plugin.programs import recorded, recording, write_program
from tests.run.reviewed_run import write_run

SCRATCH = """
from qgis.core import QgsFeature, QgsGeometry, QgsVectorLayer
def scratch(crs='EPSG:4326'):
    layer = QgsVectorLayer(f'Polygon?crs={crs}', 'drawn', 'memory')
    feature = QgsFeature(layer.fields())
    feature.setGeometry(QgsGeometry.fromWkt('POLYGON((141 42, 141 43, 142 43, 141 42))'))
    layer.dataProvider().addFeatures([feature])
    return PROJECT.addMapLayer(layer)
"""
ALL = {
    'setup',
    'check',
    'fetch',
    'map',
    'finish',
    'teach',
    'drawaudit',
    'readaudit',
    'evaluate',
}


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """A finished run beside its image, in a folder whose name is not plain."""
    return write_run(tmp_path_factory.mktemp('Bilder é')) / '.'


@pytest.fixture
def command(tmp_path):
    """Give a program that keeps what it is asked, and the file that it keeps it in."""
    into = tmp_path / 'called.json'
    return recording(tmp_path / 'landslide-map', into), into


def test_every_algorithm_has_a_place_help_and_fields_of_their_own(profile):
    found = profile.session(
        'answer({a.name(): [a.displayName(), a.group(), a.shortHelpString(),'
        ' [[p.name(), p.description()] for p in a.parameterDefinitions()]]'
        " for a in QgsApplication.processingRegistry().providerById('landslides').algorithms()})"
    )
    assert set(found) == ALL
    for title, group, text, fields in found.values():
        assert title
        assert group[0] in '1234'
        assert text.startswith('<p>')
        # Of every line QGIS makes a paragraph.
        assert '\n' not in text
        for labels in zip(*fields, strict=True):
            assert len(set(labels)) == len(labels)
        assert all(name == name.upper() for name, _ in fields)


def test_names_are_those_of_this_qgis_or_of_a_newer_one(profile):
    code = """
from landslides import qgis_names
here = [qgis_names.ADVANCED == qgis_names.QgsProcessingParameterDefinition.Flag.FlagAdvanced]
class Newer:
    class ProcessingParameterFlag:
        Advanced = 'newer'
qgis_names.Qgis = Newer
owner = qgis_names.QgsProcessingParameterDefinition
answer(here + [qgis_names._member(group, 'Advanced', owner, 'Flag', 'FlagAdvanced') == 'newer'
               for group in ('ProcessingParameterFlag', 'NoGroup')])
"""
    assert profile.session(code) == [True, True, False]


def test_the_setting_is_one_of_processing_and_is_used(profile, command):
    program, into = command
    code = """
from processing.core.ProcessingConfig import ProcessingConfig
del os.environ['LANDSLIDES_COMMAND']
ProcessingConfig.setSettingValue('LANDSLIDES_COMMAND', values['program'])
groups = ProcessingConfig.getSettings()
answer([run('check')[1].errors, [s.name for s in groups['Landslides']]])
ProcessingConfig.setSettingValue('LANDSLIDES_COMMAND', '')
"""
    errors, names = profile.session(code, program=program)
    assert errors == []
    assert 'LANDSLIDES_COMMAND' in names
    assert recorded(into)[0] == ['doctor', '--progress', 'json']


def test_results_are_opened_styled_in_a_group_of_their_own(profile, command, finished, tmp_path):
    bare = write_run(tmp_path / 'bare')
    (bare / 'landslides.qgs').unlink()
    code = """
from qgis.core import QgsCoordinateReferenceSystem
PROJECT.setCrs(QgsCoordinateReferenceSystem('EPSG:3857'))
post = values['post']
run('map', POST=post, OUT=values['out'], OPEN=False)
nothing = tree()
results, heard = run('map', POST=post, OUT=values['out'])
first = tree()
run('map', POST=post, OUT=values['out'])
again = tree()
PROJECT.clear()
run('map', POST=post, OUT=values['bare'])
answer([nothing, results, first, again, tree()])
"""
    post = finished.parent / 'post.tif'
    nothing, results, layers, again, unstyled = profile.session(
        code, command[0], post=post, out=finished, bare=bare
    )
    assert nothing == []
    # Nothing is opened twice, and each layer is where its image was, whatever the project's CRS.
    assert layers == again
    assert [layer[:4] for layer in layers] == [
        ['out', 'places to check', 'categorizedSymbol', True],
        ['out', 'landslides', 'categorizedSymbol', True],
        ['out', 'reviewed area', 'singleSymbol', True],
        ['out', 'mask', 'paletted', False],
        ['out', 'probability', 'singlebandpseudocolor', False],
    ]
    assert {layer[4] for layer in layers} == {'EPSG:32654'}
    assert results['FOLDER'] == str(finished)
    assert results['LANDSLIDES'] == f'{finished}/landslides.gpkg|layername=landslides'
    assert 'REJECTED' not in results
    # Without a project of the run the GeoPackage brings its styles itself.
    assert [layer[:3] for layer in unstyled][1] == ['out', 'landslides', 'categorizedSymbol']


def test_files_are_let_go_of_while_they_are_replaced(profile, finished, tmp_path):
    """Windows replaces no file that is open; QGIS must not have one."""
    seen = tmp_path / 'seen'
    code = (
        'links = f"/proc/{os.getppid()}/fd"\n'
        'names = [os.readlink(f"{links}/{n}") for n in os.listdir(links)'
        ' if os.path.islink(f"{links}/{n}")]\n'
        f'open({str(seen)!r}, "w").write(repr([n for n in names if n.endswith(".gpkg")]))\n'
    )
    program = write_program(tmp_path / 'landslide-map', code)
    session = """
from qgis.core import QgsVectorLayer
layer = QgsVectorLayer(values['out'] + '/landslides.gpkg|layername=landslides', 'mine', 'ogr')
PROJECT.addMapLayer(layer)
layer.renderer().symbol() if hasattr(layer.renderer(), 'symbol') else None
layer.setOpacity(0.25)
list(layer.getFeatures())
run('finish', OUT=values['out'], OPEN=False)
answer([layer.isValid(), layer.featureCount(), layer.opacity(), layer.renderer().type()])
"""
    after = profile.session(session, program, out=finished)
    assert seen.read_text() == '[]'
    assert after == [True, 5, 0.25, 'categorizedSymbol']


def test_edits_that_are_not_saved_are_not_overrun(profile, command, finished):
    code = """
from qgis.core import QgsVectorLayer
layer = QgsVectorLayer(values['out'] + '/landslides.gpkg|layername=landslides', 'mine', 'ogr')
PROJECT.addMapLayer(layer)
layer.startEditing()
layer.deleteFeature(1)
answer(run('finish', OUT=values['out'])[1].errors)
"""
    errors = profile.session(code, command[0], out=finished)
    assert 'The layer "mine" has edits that are not saved; save them, then run' in errors[0]
    assert not command[1].exists()


def test_layers_without_a_file_of_their_own_are_written_to_one(profile, command, finished):
    """Equal layers give equal files, as a run that goes on compares their checksums."""
    code = (
        SCRATCH
        + """
import hashlib
from qgis.core import QgsVectorLayer
found = []
filtered = QgsVectorLayer(values['out'] + '/landslides.gpkg|layername=landslides', 'some', 'ogr')
filtered.setSubsetString('id < 3')
for area in (scratch(), scratch(), filtered):
    run('map', POST=values['post'], OUT=values['out'], OPEN=False, AOI=area)
    words, _ = json.load(open(values['into']))
    (name,) = [word for word in words if word.startswith('--aoi=')]
    layer = QgsVectorLayer(name[6:], '', 'ogr')
    digest = hashlib.sha256(open(name[6:], 'rb').read()).hexdigest()
    found.append([digest, layer.crs().authid(), layer.featureCount()])
answer(found)
"""
    )
    post = finished.parent / 'post.tif'
    program, into = command
    first, again, filtered = profile.session(code, program, post=post, out=finished, into=into)
    assert first == again
    assert first[1:] == ['EPSG:4326', 1]
    assert filtered[1:] == ['EPSG:32654', 2]


def test_values_become_options(profile, command, finished, tmp_path):
    code = """
from qgis.core import QgsCoordinateReferenceSystem
PROJECT.setCrs(QgsCoordinateReferenceSystem('EPSG:32654'))
calls = []
def ask(name, **parameters):
    results, heard = run(name, OPEN=False, **parameters)
    calls.append(heard.errors or json.load(open(values['into']))[0])
post, out, new = values['post'], values['out'], values['new']
layer = out + '/landslides.gpkg|layername=landslides'
ask('map', POST=post)
ask('map', POST=post, PRE=post, AOI=layer, OUT=new, OVERWRITE=True, THRESHOLD=0.25,
    NODATA='0 -9999', VALUES=1, FORCE=True, BANDS='3,2,1', CONFIG=post, CHECKPOINT=post)
ask('fetch', DATE='2018-09-06', BBOX='500000,510000,4690000,4700000', OUT=new, POST_ITEM='A B')
ask('finish', OUT=out, FORMATS='shp,kmz', REVIEWER='A. Analyst')
ask('teach', RUN=out, OUT=new, STEPS=7)
ask('drawaudit', OUT=out, POINTS=50)
ask('readaudit', OUT=out)
ask('evaluate', PREDICTED=layer, REFERENCE=out + '/mask.tif', AREA=layer, OUT=new, OVERLAP=1)
answer(calls)
"""
    program, into = command
    post, new = finished.parent / 'post.tif', tmp_path / 'neu é'
    calls = profile.session(code, program, post=post, out=finished, new=new, into=into)
    # A rectangle in the project's CRS is told in degrees.
    (box,) = [word for word in calls[2] if word.startswith('--bbox=')]
    calls[2].remove(box)
    way = pyproj.Transformer.from_crs(32654, 4326, always_xy=True)
    degrees = way.transform_bounds(500_000, 4_690_000, 510_000, 4_700_000)
    assert [float(side) for side in box[7:].split(',')] == pytest.approx(degrees, abs=1e-4)
    gpkg = f'{finished}/landslides.gpkg'
    assert [call[:-2] for call in calls] == [
        ['map', f'--post={post}', f'--out={finished.parent}/landslides_post', '--resume'],
        [
            'map',
            str(post),
            str(post),
            f'--post={post}',
            f'--pre={post}',
            f'--aoi=GPKG:{gpkg}:landslides',
            f'--out={new}',
            '--overwrite',
            '--threshold=0.25',
            '--bands=3,2,1',
            '--nodata=0',
            '--nodata=-9999',
            '--values=reflectance',
            '--force',
        ],
        [
            'fetch',
            '--date=2018-09-06',
            f'--out={new}',
            '--max-cloud=10.0',
            '--days=30.0',
            '--post-item',
            'A',
            'B',
            '--max-gb=5.0',
        ],
        ['finish', str(finished), '--reviewer=A. Analyst', '--formats=shp,kmz'],
        ['teach', f'--run={finished}', f'--out={new}', '--steps=7'],
        ['audit', 'draw', str(finished), '--points=50', '--seed=0'],
        ['audit', 'estimate', str(finished)],
        [
            'evaluate',
            gpkg,
            '--layer=landslides',
            f'{finished}/mask.tif',
            f'--area={gpkg}',
            '--area-layer=landslides',
            f'--out={new}',
            '--overlap=iou',
        ],
    ]


def test_bad_input_is_told_in_one_sentence(profile, command, finished, tmp_path):
    code = (
        SCRATCH
        + """
from qgis.core import QgsRasterLayer, QgsVectorLayer
tiles = QgsRasterLayer('type=xyz&url=http://127.0.0.1:9/{z}/{x}/{y}.png', 'tiles', 'wms')
PROJECT.addMapLayer(tiles)
post, out = values['post'], values['out']
answer({
    'web': run('map', POST=tiles, OUT=out)[1].errors,
    'folder': run('map', POST=post, OUT='/proc/nothing/here')[1].errors,
    'file': run('map', POST=post, OUT=post)[1].errors,
    'crs': run('map', POST=post, OUT=out, AOI=scratch(''))[1].errors,
    'image': run('map', POST='/nowhere.tif', OUT=out)[1].errors,
    'fetch': run('fetch', OUT=out, DATE='2018-09-06')[1].errors,
    'teach': run('teach', OUT=out)[1].errors,
    'consent': run('setup')[1].errors,
})
"""
    )
    post = finished.parent / 'post.tif'
    told = profile.session(code, command[0], post=post, out=tmp_path / 'new')
    wanted = {
        'web': 'The layer "tiles" is a web layer (wms) without a file; save it as a GeoTIFF',
        'folder': '/proc/nothing/here cannot be written (',
        'file': 'is a file; choose a folder for the results',
        'crs': 'The layer "drawn" has no coordinate system; set one first',
        'image': 'Could not load source layer for POST: /nowhere.tif not found',
        'fetch': 'Give the code of an earthquake, or a day and an area',
        'teach': 'Give the folder of the reviewed map, or an image and outlines',
        'consent': 'Nothing was installed: tick "I agree"',
    }
    for what, sentence in wanted.items():
        assert any(sentence in error for error in told[what]), told[what]
    assert not command[1].exists()


def test_refusals_are_in_the_words_of_the_dialog(profile, finished, tmp_path):
    code = """
said = open(sys.argv[0] + '.said').read()
if not said: raise KeyError(3)
say(event="error", message=said)
sys.exit(2)
"""
    program = write_program(tmp_path / 'landslide-map', code)
    session = """
def refusal(said):
    open(os.environ['LANDSLIDES_COMMAND'] + '.said', 'w').write(said)
    return run('map', POST=values['post'], OUT=values['out'])[1].errors[-1]
answer([refusal('it is not empty; pass --resume to continue it, or --overwrite to start over'),
        refusal('look at --post'), refusal('')])
"""
    post = finished.parent / 'post.tif'
    full, option, defect = profile.session(session, program, post=post, out=tmp_path / 'out')
    assert full == 'it is not empty; "Replace an earlier result" to start over'
    assert option == 'look at "Image after the event"'
    assert 'failed by a defect of its own (KeyError: 3)' in defect


def test_what_it_says_is_shown_as_it_comes(profile, finished, tmp_path):
    code = (
        'say(event="progress", stage="map", fraction=0.25, seconds_left=200)\n'
        'say(event="warning", message="snow")\nsay(event="note", message="cut")\nprint("47 found")'
    )
    program = write_program(tmp_path / 'landslide-map', code)
    session = """
results, heard = run('map', POST=values['post'], OUT=values['out'], OPEN=False)
answer([heard.steps, heard.warnings, heard.texts[1:]])
"""
    post = finished.parent / 'post.tif'
    steps, warnings, texts = profile.session(session, program, post=post, out=tmp_path / 'out')
    assert 25 in steps
    assert warnings == ['snow']
    assert texts == ['map, about 3 min left', 'cut', '47 found']


def test_cancelling_stops_it_and_says_how_to_go_on(profile, finished, tmp_path):
    code = (
        'signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n'
        'say(event="progress", stage="map", fraction=0.3)\ntime.sleep(60)'
    )
    program = write_program(tmp_path / 'landslide-map', code)
    session = """
given = {"POST": values["post"], "OUT": values["out"]}
results, heard = run("map", cancel_when=lambda done: done >= 30, **given)
answer([results, heard.texts[-1], heard.errors])
"""
    post = finished.parent / 'post.tif'
    results, text, errors = profile.session(session, program, post=post, out=tmp_path / 'out')
    assert (results, errors) == ({}, [])
    assert 'run it again with the same settings, and it goes on' in text
