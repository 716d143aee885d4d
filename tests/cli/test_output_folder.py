import json
import os

import pytest

from dfpenet_mm.cli.output_folder import check_output_folder, staging_folder
from dfpenet_mm.errors import OutputError


def publish(folder, **files):
    with staging_folder(folder, overwrite=True) as staging:
        names = ['.'.join(name.rsplit('_', 1)) for name in files]
        for name, text in zip(names, files.values(), strict=True):
            (staging / name).write_text(text)
        (staging / 'summary.json').write_text(json.dumps({'files': [*names, 'summary.json']}))


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_files_appear_together_at_the_end(tmp_path):
    out = tmp_path / 'new' / 'out'
    with staging_folder(out, overwrite=False) as staging:
        (staging / 'mask.tif').write_text('m')
        assert names_in(out) == [staging.name]
    assert names_in(out) == ['mask.tif']


@pytest.mark.parametrize('existed', [True, False])
def test_a_failure_leaves_everything_as_it_was(tmp_path, existed):
    out = tmp_path / 'deep' / 'out'
    if existed:
        out.mkdir(parents=True)
        (out / 'mask.tif').write_text('old')

    def fail():
        with staging_folder(out, overwrite=True) as staging:
            (staging / 'mask.tif').write_text('half')
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (tmp_path / 'deep').exists() == existed
    if existed:
        assert (out / 'mask.tif').read_text() == 'old'
        assert names_in(out) == ['mask.tif']


def test_an_earlier_run_leaves_no_trace_but_other_files_stay(tmp_path):
    publish(tmp_path, mask_tif='old', pre_mask_tif='old', landslides_gpkg='old')
    for name in ('notes.txt', 'landslides.gpkg-wal', 'mask.tif.aux.xml', 'pre_mask.tif'):
        (tmp_path / name).write_text('x')
    publish(tmp_path, mask_tif='new', landslides_gpkg='new')
    assert names_in(tmp_path) == ['landslides.gpkg', 'mask.tif', 'notes.txt', 'summary.json']
    assert (tmp_path / 'mask.tif').read_text() == 'new'


def test_a_summary_cannot_point_out_of_the_folder(tmp_path):
    out = tmp_path / 'out'
    (tmp_path / 'precious').write_text('keep')
    out.mkdir()
    (out / 'summary.json').write_text('{"files": ["../precious", 7]}')
    publish(out, mask_tif='new')
    assert (tmp_path / 'precious').exists()


def test_leftovers_of_a_killed_run_are_removed_and_a_living_one_is_not(tmp_path):
    with staging_folder(tmp_path, overwrite=False) as staging:
        prefix = staging.name.rpartition('-')[0]
    dead, alive = tmp_path / f'{prefix}-4194305', tmp_path / f'{prefix}-{os.getppid()}'
    dead.mkdir()
    alive.mkdir()
    check_output_folder(tmp_path, overwrite=False)
    with staging_folder(tmp_path, overwrite=False):
        assert not dead.exists()
        assert alive.exists()


def test_two_runs_into_one_folder_do_not_mix(tmp_path):
    def late():
        with staging_folder(tmp_path, overwrite=False) as staging:
            (staging / 'mask.tif').write_text('second')
            (tmp_path / 'mask.tif').write_text('first')

    with pytest.raises(OutputError, match='not empty'):
        late()
    assert (tmp_path / 'mask.tif').read_text() == 'first'


def test_refusals(tmp_path):
    file = tmp_path / 'file'
    file.write_text('')
    with pytest.raises(OutputError, match='is a file'):
        check_output_folder(file, overwrite=True)
    with pytest.raises(OutputError, match='not empty'):
        check_output_folder(tmp_path, overwrite=False)
    check_output_folder(tmp_path, overwrite=True)
    with pytest.raises(OutputError, match='file lies in the output folder'):
        check_output_folder(tmp_path, overwrite=True, inputs=[tmp_path / '.' / 'file'])
    with (
        pytest.raises(OutputError, match='cannot be written to'),
        staging_folder(file / 'below', overwrite=False),
    ):
        pass
