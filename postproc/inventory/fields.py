"""The fields of an inventory: name, unit, meaning, and whose practice they follow.

``docs/file_formats.md`` shows these tables; a test keeps the two in step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SOURCES = {
    'WP/WLI 1990': (
        'International Geotechnical Societies UNESCO Working Party on World Landslide '
        'Inventory (1990): A suggested method for reporting a landslide; and IAEG Commission on '
        'Landslides (1990): Suggested nomenclature for landslides. Bulletin of the '
        'International Association of Engineering Geology 41, 5-12 and 13-16.'
    ),
    'Horn 1981': (
        'Horn, B. K. P. (1981): Hill shading and the reflectance map. Proceedings of the IEEE '
        '69, 14-47.'
    ),
    'Polsby & Popper 1991': (
        'Polsby, D. D. and Popper, R. D. (1991): The third criterion: compactness as a '
        'procedural safeguard against partisan gerrymandering. Yale Law & Policy Review 9, '
        '301-353.'
    ),
    'Corominas 1996': (
        'Corominas, J. (1996): The angle of reach as a mobility index for small and large '
        'landslides. Canadian Geotechnical Journal 33, 260-271.'
    ),
    'Niculita 2016': (
        'Niculita, M. (2016): Automatic landslide length and width estimation based on the '
        'geometric processing of the bounding box and the geomorphometric analysis of DEMs. '
        'Natural Hazards and Earth System Sciences 16, 2021-2030.'
    ),
    'Tanyas et al. 2017': (
        'Tanyas, H. et al. (2017): Presentation and analysis of a worldwide database of '
        'earthquake-induced landslide inventories. Journal of Geophysical Research: Earth '
        'Surface 122, 1991-2015.'
    ),
    'Taylor et al. 2018': (
        'Taylor, F. E. et al. (2018): Landslide shape, ellipticity and length-to-width ratios. '
        'Earth Surface Processes and Landforms 43, 3164-3189.'
    ),
    'paper': 'Xu et al., arXiv:1908.10907, section 3.3.',
    'own': 'No practice known to us; defined here.',
}


@dataclass(frozen=True)
class Field:
    """A column of a layer.

    Args:
        name: as in every format but the Shapefile.
        short: at most ten characters, as a Shapefile wants.
        unit: SI unit, ``deg``, ``1`` for a ratio, or empty.
        meaning: what it says, and when it is null.
        source: a key of ``SOURCES``.
        dtype: of the pandas column.
    """

    name: str
    short: str
    unit: str
    meaning: str
    source: str
    dtype: str = 'float64'


LANDSLIDE_FIELDS = (
    Field('id', 'id', '', 'number, north to south and then west to east by centroid', 'paper',
          'int64'),
    Field('area_m2', 'area_m2', 'm2', 'area in map view, holes left out', 'Tanyas et al. 2017'),
    Field('perimeter_m', 'perim_m', 'm', 'length of the outer and inner outlines', 'paper'),
    Field('length_m', 'length_m', 'm', 'long side of the minimum-area rotated rectangle; not '
          'the path from crown to toe', 'Niculita 2016'),
    Field('width_m', 'width_m', 'm', 'short side of that rectangle', 'Niculita 2016'),
    Field('lw_ratio', 'lw_ratio', '1', 'length_m / width_m', 'Taylor et al. 2018'),
    Field('azimuth_deg', 'azimuth', 'deg', 'direction of the long side, clockwise from true '
          'north, 0 to below 180; null where the sides are equally long', 'own'),
    Field('compactness', 'compactns', '1', '4 pi area / perimeter^2: 1 for a disc, at most 0.785 '
          'for outlines along pixels', 'Polsby & Popper 1991'),
    Field('centroid_x', 'centroid_x', 'map unit', 'centroid in the CRS of the scene', 'paper'),
    Field('centroid_y', 'centroid_y', 'map unit', 'centroid in the CRS of the scene', 'paper'),
    Field('lon', 'lon', 'deg', 'centroid on WGS 84, -180 to below 180', 'WP/WLI 1990'),
    Field('lat', 'lat', 'deg', 'centroid on WGS 84', 'WP/WLI 1990'),
    Field('mean_probability', 'prob_mean', '1', 'mean landslide probability of its pixels', 'own'),
    Field('p10_probability', 'prob_p10', '1', 'tenth percentile of that probability: low where '
          'a part is doubtful', 'own'),
    Field('pre_coverage', 'pre_cover', '1', 'share of its pixels with pre-event data; null '
          'when no temporal difference was asked for', 'own'),
    Field('pre_share', 'pre_share', '1', 'share of those recognised before the event', 'paper'),
    Field('pre_persistence', 'pre_persis', '1', 'how much of the pre-event regions under it is '
          'still landslide; null without such a region', 'own'),
    Field('touches_edge', 'edge', '', 'true when it reaches the edge of the scene or nodata, so '
          'that its outline is cut', 'own', 'bool'),
)  # fmt: skip

TERRAIN_FIELDS = (
    Field('elev_min_m', 'elev_min', 'm', 'lowest elevation in it', 'WP/WLI 1990'),
    Field('elev_max_m', 'elev_max', 'm', 'highest elevation in it', 'WP/WLI 1990'),
    Field('relief_m', 'relief_m', 'm', 'elev_max_m - elev_min_m', 'WP/WLI 1990'),
    Field('slope_mean_deg', 'slope_mean', 'deg', 'mean slope; null where every cell lacks a '
          'neighbour, as at the edge of the DEM', 'Horn 1981'),
    Field('slope_max_deg', 'slope_max', 'deg', 'steepest slope', 'Horn 1981'),
    Field('aspect_deg', 'aspect', 'deg', 'mean direction down the slope, clockwise from true '
          'north; null on level ground', 'Horn 1981'),
    Field('travel_angle_deg', 'travel_ang', 'deg', 'angle of reach: arctan of relief_m over the '
          'distance on the ground from headscarp to toe; null where both are one pixel',
          'Corominas 1996'),
    Field('dem_coverage', 'dem_cover', '1', 'share of its pixels with an elevation; where it is '
          '0, the other fields of the terrain are null', 'own'),
)  # fmt: skip

REVIEW_FIELDS = (
    Field('review', 'review', '', "the analyst's finding: unreviewed, confirmed, rejected, edited "
          'or added', 'own', 'str'),
    Field('reviewer', 'reviewer', '', 'who found it; null before the review', 'own', 'str'),
    Field('reviewed_at', 'reviewed', '', 'when, ISO 8601 in UTC; null before the review', 'own',
          'str'),
    Field('comment', 'comment', '', "the analyst's remark; null without one", 'own', 'str'),
    Field('review_order', 'rev_order', '', 'place in the order in which a review helps most, from '
          '1; places without a landslide have every fifth number', 'own', 'int64'),
)  # fmt: skip

CHANCE_FIELDS = (
    Field('chance', 'chance', '1', 'how likely an analyst would confirm it, learnt from those that '
          'were judged; null for these, and where it is smaller than nearly all of them', 'own'),
)  # fmt: skip

REJECTED_FIELDS = (
    Field('hook', 'hook', '', 'which hook took it away', 'own', 'str'),
    Field('reason', 'reason', '', 'and why', 'own', 'str'),
)

HEADSCARP_FIELDS = (
    Field('landslide_id', 'slide_id', '', 'id of the landslide', 'own', 'int64'),
    Field('kind', 'kind', '', 'headscarp, the highest point of the landslide, or toe, its lowest',
          'WP/WLI 1990', 'str'),
    Field('elevation_m', 'elev_m', 'm', 'elevation of the point', 'WP/WLI 1990'),
)  # fmt: skip

ALL_FIELDS = (
    *LANDSLIDE_FIELDS,
    *TERRAIN_FIELDS,
    *REVIEW_FIELDS,
    *CHANCE_FIELDS,
    *REJECTED_FIELDS,
    *HEADSCARP_FIELDS,
)


def names(fields: Iterable[Field]) -> list[str]:
    """Return the names of fields, in their order."""
    return [field.name for field in fields]


def markdown_table(fields: Iterable[Field]) -> str:
    """Return the fields as the table that the documentation shows."""
    rows = ['| field | Shapefile | unit | meaning | after |', '|---|---|---|---|---|']
    rows += [
        f'| `{field.name}` | `{field.short}` | {field.unit} | {field.meaning} | {field.source} |'
        for field in fields
    ]
    return '\n'.join(rows)
