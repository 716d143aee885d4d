import pytest

import dfpenet_mm.models  # noqa: F401


@pytest.fixture(autouse=True)
def _scope(mmseg_scope):
    """Every test here builds components of mmseg's registries."""
