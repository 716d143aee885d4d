"""Whether two scenes share any ground that both show."""

from __future__ import annotations

from dfpenet_mm.errors import GridMismatchError
from dfpenet_mm.mapping.scene.scene import Scene


def require_common_pixel(post: Scene, pre: Scene) -> None:
    """Raise unless some pixel is valid in both scenes; the first one found ends the search.

    Args:
        post: the post-event scene.
        pre: the pre-event scene, on the same grid.

    Raises:
        GridMismatchError: if each has data only where the other one has none.
        InputFileError: if a file is damaged.
    """
    if not any((post.read(tile)[1] & pre.read(tile)[1]).any() for tile in post.tiles()):
        raise GridMismatchError(
            f'{pre.path} has no valid pixel where {post.path} has one, so that nothing can be '
            f'compared; give a pre-event image of the same area, or leave --pre out'
        )
