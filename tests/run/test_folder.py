import json
import os
from pathlib import Path

import pytest

from dfpenet_mm.errors import OutputError
from dfpenet_mm.run.folder import check_output_folder, staging_folder


def publish(folder, **files):
    with staging_folder(folder, overwrite=True) as work:
        staging = work.products
        names = ['.'.join(name.rsplit('_', 1)) for name in files]
        for name, text in zip(names, files.values(), strict=True):
            (staging / name).parent.mkdir(exist_ok=True)
            (staging / name).write_text(text)
        (staging / 'summary.json').write_text(json.dumps({'files': [*names, 'summary.json']}))


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_files_appear_together_at_the_end(tmp_path):
    out = tmp_path / 'new' / 'out'
    with staging_folder(out, overwrite=False) as work:
        (work.products / 'mask.tif').write_text('m')
        assert names_in(out) == [work.path.name]
    assert names_in(out) == ['mask.tif']


@pytest.mark.parametrize('existed', [True, False])
def test_a_failure_leaves_everything_as_it_was(tmp_path, existed):
    out = tmp_path / 'deep' / 'out'
    if existed:
        out.mkdir(parents=True)
        (out / 'mask.tif').write_text('old')

    def fail():
        with staging_folder(out, overwrite=True) as work:
            (work.products / 'mask.tif').write_text('half')
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


def test_subfolders_are_published_and_taken_away_like_files(tmp_path):
    publish(tmp_path, **{'mask_tif': 'old', 'figures/shift_png': 'old', 'figures/other_png': 'old'})
    assert (tmp_path / 'figures' / 'shift.png').read_text() == 'old'
    (tmp_path / 'figures' / 'mine.png').write_text('keep')
    publish(tmp_path, **{'mask_tif': 'new', 'figures/shift_png': 'new'})
    assert names_in(tmp_path / 'figures') == ['mine.png', 'shift.png']
    assert (tmp_path / 'figures' / 'shift.png').read_text() == 'new'
    (tmp_path / 'figures' / 'mine.png').unlink()
    publish(tmp_path, mask_tif='newer')
    assert names_in(tmp_path) == ['mask.tif', 'summary.json']


def test_a_run_killed_while_publishing_knows_its_subfolders(tmp_path):
    leave_a_block(tmp_path)
    (tmp_path / '.unfinished' / 'publishing.json').write_text('{"files": ["figures/shift.png"]}')
    (tmp_path / 'figures').mkdir()
    (tmp_path / 'figures' / 'shift.png').write_text('s')
    check_output_folder(tmp_path, overwrite=False, resume=True)
    (tmp_path / 'figures' / 'mine.png').write_text('x')
    with pytest.raises(OutputError, match='not empty'):
        check_output_folder(tmp_path, overwrite=False, resume=True)


def test_a_link_cannot_lead_out_of_the_folder(tmp_path):
    out, other = tmp_path / 'out', tmp_path / 'other'
    out.mkdir()
    other.mkdir()
    (other / 'precious.png').write_text('keep')
    (out / 'figures').symlink_to(other)
    (out / 'summary.json').write_text('{"files": ["figures/precious.png", "/", "..", ""]}')
    publish(out, mask_tif='new')
    assert (other / 'precious.png').exists()


def leave_a_block(folder):
    """Fail after a block was finished."""

    def fail():
        with staging_folder(folder, overwrite=True) as work:
            (work.products / 'mask.tif').write_text('half')
            (work.role('post') / 'blocks').mkdir(parents=True)
            (work.role('post') / 'blocks' / '00000000.block').write_text('b')
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()


def test_finished_blocks_are_kept_and_wait_for_a_word(tmp_path):
    leave_a_block(tmp_path)
    assert names_in(tmp_path) == ['.unfinished']
    with pytest.raises(OutputError, match=r'1 finished block.*--resume.*--overwrite'):
        check_output_folder(tmp_path, overwrite=False)
    check_output_folder(tmp_path, overwrite=False, resume=True)
    with staging_folder(tmp_path, overwrite=False, resume=True) as work:
        assert names_in(work.role('post') / 'blocks') == ['00000000.block']
        assert names_in(work.products) == []
    assert names_in(tmp_path) == []


def test_overwrite_throws_unfinished_work_away(tmp_path):
    leave_a_block(tmp_path)
    with staging_folder(tmp_path, overwrite=True) as work:
        assert not work.role('post').exists()


def test_what_a_killed_run_left_without_a_block_is_no_obstacle(tmp_path):
    (tmp_path / '.unfinished' / 'products').mkdir(parents=True)
    (tmp_path / '.unfinished' / 'lock').write_text('{"host": "here", "pid": 1}')
    (tmp_path / '.unfinished' / 'products' / 'mask.tif').write_text('half')
    check_output_folder(tmp_path, overwrite=False)
    with staging_folder(tmp_path, overwrite=False) as work:
        assert names_in(work.products) == []


def test_a_folder_serves_one_run_at_a_time(tmp_path):
    with staging_folder(tmp_path, overwrite=False):
        message = rf'in use by another run \(process {os.getpid()} on'
        with (
            pytest.raises(OutputError, match=message),
            staging_folder(tmp_path, overwrite=True),
        ):
            pass


def test_two_runs_into_one_folder_do_not_mix(tmp_path):
    def late():
        with staging_folder(tmp_path, overwrite=False) as work:
            (work.products / 'mask.tif').write_text('second')
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
    figure = tmp_path / 'figures' / 'shift.png'
    with pytest.raises(OutputError, match=r'shift\.png lies in the output folder'):
        check_output_folder(tmp_path, overwrite=True, inputs=[figure])
    check_output_folder(tmp_path, overwrite=True, inputs=[tmp_path / 'data' / 'post.tif'])
    with (
        pytest.raises(OutputError, match='cannot be written'),
        staging_folder(file / 'below', overwrite=False),
    ):
        pass


@pytest.mark.parametrize('leads_to', ['out', 'nowhere'])
def test_a_link_that_leads_nowhere(tmp_path, leads_to):
    (tmp_path / 'out').symlink_to(tmp_path / leads_to)
    with pytest.raises(OutputError, match='out is a link that leads nowhere'):
        check_output_folder(tmp_path / 'out', overwrite=True)


def test_a_default_name_that_is_too_long():
    with pytest.raises(OutputError, match=r'File name too long.*--out'):
        check_output_folder(Path('landslides_' + 'x' * 245), overwrite=False)


def test_a_file_where_a_run_would_work(tmp_path):
    (tmp_path / '.unfinished').write_text('a file')
    with (
        pytest.raises(OutputError, match='unfinished is no folder; remove it, or pass --overwrite'),
        staging_folder(tmp_path, overwrite=False),
    ):
        pass
    assert (tmp_path / '.unfinished').read_text() == 'a file'
    with staging_folder(tmp_path, overwrite=True) as work:
        (work.products / 'mask.tif').write_text('mask')
    assert [path.name for path in tmp_path.iterdir()] == ['mask.tif']


def test_a_folder_that_cannot_be_made_is_refused_at_once(tmp_path, monkeypatch):
    (tmp_path / 'file').touch()
    with pytest.raises(OutputError, match=r'x cannot be written \(Not a directory\)'):
        check_output_folder(tmp_path / 'file' / 'x', overwrite=False)
    check_output_folder(tmp_path / 'new' / 'deep', overwrite=False)
    asked = []
    # Whoever runs this may be root, who may write anywhere.
    monkeypatch.setattr(os, 'access', lambda path, _: asked.append(path))
    with pytest.raises(OutputError, match=r'deep cannot be written \(Permission denied\)'):
        check_output_folder(tmp_path / 'new' / 'deep', overwrite=False)
    assert asked == [tmp_path]
