import numpy as np
import pytest

from tests.report.figures.small_run import TRANSFORM, UTM, build_run


@pytest.fixture
def make_run(tmp_path):
    def make(*, pre=True, reference=False, transform=TRANSFORM, crs=UTM, regions=True):
        return build_run(
            tmp_path, pre=pre, reference=reference, transform=transform, crs=crs, regions=regions
        )

    return make


@pytest.fixture
def coloured():
    """Find the dots of a picture that have a colour, but for its lowest part, the legend."""

    def find(pixels, colour, tolerance=30):
        wanted = np.array(list(bytes.fromhex(colour[1:])))
        return (np.abs(pixels[..., :3].astype(int) - wanted) <= tolerance).all(axis=2)

    return find
