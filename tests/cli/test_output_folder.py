import pytest

from dfpenet_mm.cli.output_folder import check_output_folder, staging_folder
from dfpenet_mm.errors import OutputError


def test_files_appear_together_at_the_end(tmp_path):
    out = tmp_path / 'new' / 'out'
    with staging_folder(out) as staging:
        (staging / 'mask.tif').write_text('m')
        assert [path.name for path in out.iterdir()] == [staging.name]
    assert [path.name for path in out.iterdir()] == ['mask.tif']


@pytest.mark.parametrize('existed', [True, False])
def test_a_failure_leaves_the_folder_as_it_was(tmp_path, existed):
    out = tmp_path / 'out'
    if existed:
        out.mkdir()
        (out / 'mask.tif').write_text('old')

    def fail():
        with staging_folder(out) as staging:
            (staging / 'mask.tif').write_text('half')
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert out.exists() == existed
    if existed:
        assert [(path.name, path.read_text()) for path in out.iterdir()] == [('mask.tif', 'old')]


def test_leftovers_of_a_killed_run_do_not_count(tmp_path):
    (tmp_path / '.incomplete').mkdir()
    (tmp_path / '.incomplete' / 'mask.tif').write_text('half')
    check_output_folder(tmp_path, overwrite=False)
    with staging_folder(tmp_path) as staging:
        assert list(staging.iterdir()) == []


def test_refusals(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='is a file'):
        check_output_folder(tmp_path / 'file', overwrite=True)
    with pytest.raises(OutputError, match='not empty'):
        check_output_folder(tmp_path, overwrite=False)
    check_output_folder(tmp_path, overwrite=True)
    with (
        pytest.raises(OutputError, match='cannot be written to'),
        staging_folder(tmp_path / 'file' / 'below'),
    ):
        pass
