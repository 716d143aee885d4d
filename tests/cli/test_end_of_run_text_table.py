import io

from rich.console import Console

from dfpenet_mm.cli.end_of_run import TextTable

TABLE = TextTable('Sizes [m2]', ('what', 'area', 'note'), [('scar', '12', 'a [b]'), ('x', '', '')])


def test_plain_columns():
    assert list(TABLE.lines()) == [
        'Sizes [m2]:',
        '  what  area  note',
        '  scar    12  a [b]',
        '  x',
    ]


def test_an_empty_table_has_its_columns():
    assert list(TextTable('None', ('a', 'b'), []).lines()) == ['None:', '  a  b']


def test_a_drawn_table_fits_and_keeps_brackets():
    file = io.StringIO()
    TABLE.draw(Console(file=file, width=24))
    lines = file.getvalue().splitlines()
    assert max(map(len, lines)) <= 24
    assert lines[0] == 'Sizes [m2]'
    assert any('[b]' in line for line in lines)
