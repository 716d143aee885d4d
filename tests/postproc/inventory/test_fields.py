from pathlib import Path

import pytest

from postproc.inventory.fields import (
    ALL_FIELDS,
    CHANCE_FIELDS,
    HEADSCARP_FIELDS,
    LANDSLIDE_FIELDS,
    REJECTED_FIELDS,
    REVIEW_FIELDS,
    SOURCES,
    TERRAIN_FIELDS,
    markdown_table,
)
from postproc.inventory.formats import FORMATS, NAME_LENGTH

DOCUMENT = Path(__file__).parents[3] / 'docs' / 'file_formats.md'


def test_names_are_different_in_every_format():
    assert len({field.name for field in ALL_FIELDS}) == len(ALL_FIELDS)
    assert len({field.short.lower() for field in ALL_FIELDS}) == len(ALL_FIELDS)
    assert all(0 < len(field.short) <= NAME_LENGTH for field in ALL_FIELDS)
    assert all(field.short.isascii() and field.name.isascii() for field in ALL_FIELDS)


def test_every_field_has_a_meaning_and_a_source():
    assert all(field.meaning for field in ALL_FIELDS)
    assert {field.source for field in ALL_FIELDS} == set(SOURCES)


@pytest.mark.parametrize(
    'fields',
    [
        LANDSLIDE_FIELDS,
        TERRAIN_FIELDS,
        REVIEW_FIELDS,
        CHANCE_FIELDS,
        REJECTED_FIELDS,
        HEADSCARP_FIELDS,
    ],
)
def test_the_document_shows_the_fields(fields):
    assert markdown_table(fields) in DOCUMENT.read_text(encoding='utf-8')


def test_the_document_shows_sources_and_formats():
    text = ' '.join(DOCUMENT.read_text(encoding='utf-8').split())

    for key, reference in SOURCES.items():
        assert f'- **{key}**: {reference}' in text
    for extension in FORMATS:
        assert f'`{extension}`' in text
