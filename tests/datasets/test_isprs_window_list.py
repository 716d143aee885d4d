import pytest

from dfpenet_mm.datasets.isprs import TileWindow, read_window_list, write_window_list
from dfpenet_mm.errors import InputFileError

WINDOWS = [TileWindow('area1', 0, 7, 600, 600), TileWindow('2_10', 3, 4, 600, 500, 0, 9)]


def test_a_list_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / 'train.txt'
    write_window_list(path, WINDOWS, comment='two windows')
    assert read_window_list(path) == WINDOWS
    assert path.read_text().splitlines()[0] == '# two windows'
    assert path.read_text().splitlines()[2:] == ['area1 0 7 600 600', '2_10 3 4 600 500 0 9']


@pytest.mark.parametrize('text', ['', '\n\n', '# nothing yet\n'])
def test_an_empty_list(tmp_path, text):
    path = tmp_path / 'train.txt'
    path.write_text(text)
    with pytest.raises(InputFileError, match=r'train\.txt lists no window'):
        read_window_list(path)


def test_a_missing_list(tmp_path):
    with pytest.raises(InputFileError, match=r'train\.txt cannot be read as a list of windows'):
        read_window_list(tmp_path / 'train.txt')


@pytest.mark.parametrize(
    'line',
    [
        'area1',
        'area1 0 0',
        'area1 0 0 600',
        'area1 0 -1 600 600',
        'area1 0 1.5 600 600',
        'area1 0 0 600 600 1',
        'area1 0 0 0 600',
        'area1 0 0 600 600 600 0',
        'area1 0 0 6 6 0 0 0',
    ],
)
def test_a_bad_line_is_named(tmp_path, line):
    path = tmp_path / 'train.txt'
    path.write_text(f'# fine\narea1 0 0 600 600\n{line}\n')
    with pytest.raises(InputFileError, match=f"line 3 is '{line}'"):
        read_window_list(path)
