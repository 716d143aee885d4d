import pytest

from dfpenet_mm.mapping.scene.validity import one_band_spoils


@pytest.mark.parametrize(
    ('dtype', 'nodata', 'spoils'),
    [
        ('uint8', 0, False),
        ('uint8', 255, False),
        ('uint16', 65535, False),
        ('float32', 0, False),
        ('int16', 0, False),
        ('int16', -9999, True),
        ('float32', -9999, True),
        ('float32', float('nan'), True),
        ('float32', None, False),
    ],
)
def test_only_a_value_never_measured_spoils_alone(dtype, nodata, spoils):
    assert one_band_spoils(dtype, nodata) is spoils
