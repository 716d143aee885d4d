"""The sections of a config on mapping and post-processing, checked before anything slow starts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from numbers import Integral, Real
from typing import Any

from dfpenet_mm.calibration import PlattScaling
from dfpenet_mm.config_options import ConfigSections
from dfpenet_mm.errors import ConfigError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.plan.windows import BLOCK_WINDOWS, WindowPlan, ground_phase
from dfpenet_mm.mapping.scene.histogram_match import AUTO
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.wording import counted

# Of scalings, the one that can be told what an image's values are.
SCALED_BY_VALUES = 'GroundStretch'
LISTS = ('bands', 'nodata')


@dataclass(frozen=True, kw_only=True)
class MappingSettings:
    """The ``mapping`` section of a config.

    Args:
        bands: bands of the scenes, counted from 1, in the order the network was trained on.
        by_colour: whether bands 1, 2, 3 are those that a file calls red, green and blue.
        nodata: values that are no data in either image, whatever the files declare.
        scaling: config of a scaling in SCALINGS.
        predictor: config of a predictor in PREDICTORS.
        window: side of a window, pixels.
        stride: step from window to window, pixels, in [1, window].
        batch_size: most windows in one call of the predictor.
        block_windows: most windows in a block, the unit in which work is kept and handed out.
        threshold: smallest probability of a landslide pixel, in (0, 1].
        calibration: ``slope`` and ``intercept`` that put the probability right, and the data that
            they were ``fitted_on``; None for the probability as the network gives it.
        gsd_range: smallest and largest pixel size that the network knows, metres, where it has
            no card; finer scenes are averaged to their geometric mean, coarser ones refused. None
            for no limit.
        match_histogram: whether the pre-event image is given the post-event one's histogram:
            True, False, or ``auto`` for where they differ much.
        max_shift_m: largest shift between the two images, metres; None for two pixels of the
            coarser one.

    Raises:
        ConfigError: if a value is of another type or out of its range.
    """

    bands: tuple[int, ...]
    scaling: Mapping[str, Any]
    predictor: Mapping[str, Any]
    window: int
    stride: int
    batch_size: int = 1
    block_windows: int = BLOCK_WINDOWS
    threshold: float = 0.5
    calibration: Mapping[str, Any] | None = None
    by_colour: bool = True
    nodata: tuple[float, ...] = ()
    gsd_range: tuple[float, float] | None = None
    match_histogram: str | bool = AUTO
    max_shift_m: float | None = None

    def __post_init__(self) -> None:
        if not (_is_list(self.bands) and self.bands and all(map(_counts, self.bands))):
            raise ConfigError(
                f'mapping.bands is {self.bands!r}; give whole numbers counted from 1, one for '
                f'each band the network sees, such as (1, 2, 3)'
            )
        if not (_is_list(self.nodata) and all(map(_is_finite, self.nodata))):
            raise ConfigError(
                f'mapping.nodata is {self.nodata!r}; give numbers, such as (0,); NaN and infinity '
                f'are no data anyway'
            )
        if not isinstance(self.by_colour, bool):
            raise ConfigError(f'mapping.by_colour is {self.by_colour!r}; give True or False')
        for name in ('scaling', 'predictor'):
            if not isinstance(getattr(self, name), Mapping):
                raise ConfigError(
                    f'mapping.{name} is {getattr(self, name)!r}; give a dict with its type'
                )
        for name in ('window', 'stride', 'batch_size', 'block_windows'):
            if not _is_whole(getattr(self, name)):
                raise ConfigError(f'mapping.{name} is {getattr(self, name)!r}; give a whole number')
        # The plan of a scene of one pixel judges the ranges.
        self.plan((1, 1))
        if not (_is_number(self.threshold) and 0 < self.threshold <= 1):
            raise ConfigError(
                f'mapping.threshold is {self.threshold!r}; give a probability in (0, 1]'
            )
        if self.calibration is not None:
            self._check_calibration(self.calibration)
        limits = self.gsd_range
        if limits is not None and not (
            _is_list(limits) and len(limits) == 2 and all(map(_is_number, limits))
        ):
            raise ConfigError(
                f'mapping.gsd_range is {limits!r}; give the smallest and the largest pixel size '
                f'in metres, such as (5, 20)'
            )
        self._check_pre_event()

    @staticmethod
    def _check_calibration(values: Any) -> None:
        wanted = {'slope', 'intercept'}
        known = isinstance(values, Mapping) and wanted <= set(values) <= {*wanted, 'fitted_on'}
        if not known or not isinstance(values.get('fitted_on', ''), str):
            raise ConfigError(
                f'mapping.calibration is {values!r}; give a dict of slope and intercept, and in '
                f'fitted_on the data in words, or None for the probability of the network'
            )
        PlattScaling(values['slope'], values['intercept'])

    def _check_pre_event(self) -> None:
        if not (isinstance(self.match_histogram, bool) or self.match_histogram == AUTO):
            raise ConfigError(
                f'mapping.match_histogram is {self.match_histogram!r}; give True, False or {AUTO!r}'
            )
        limit = self.max_shift_m
        if limit is not None and not (_is_number(limit) and 0 < limit < math.inf):
            raise ConfigError(
                f'mapping.max_shift_m is {limit!r}; give metres above 0, or None for two pixels'
            )

    @property
    def platt(self) -> PlattScaling | None:
        """Scaling that puts the network's probability right; None where nothing does."""
        found = self.calibration
        return None if found is None else PlattScaling(found['slope'], found['intercept'])

    @property
    def reading(self) -> dict[str, Any]:
        """Arguments with which ``Scene`` reads either image."""
        return {'bands': self.bands, 'by_colour': self.by_colour, 'nodata': self.nodata}

    def plan(self, shape: tuple[int, int], grid: RasterGrid | None = None) -> WindowPlan:
        """Plan the windows of a scene of ``shape`` (rows, cols).

        Args:
            shape: of the scene.
            grid: by which overlapping windows are laid on the ground; None to begin in the upper
                left corner, as tiles without overlap always do.
        """
        phase = (0, 0)
        if grid is not None and self.stride < self.window:
            phase = ground_phase(grid, self.stride)
        return WindowPlan(
            shape, self.window, self.stride, self.batch_size, self.block_windows, phase
        )

    @classmethod
    def from_config(cls, config: ConfigSections) -> MappingSettings:
        """Read the section.

        Raises:
            ConfigError: if it is missing, has other keys than these, or a value cannot serve.
        """
        section = config.get('mapping')
        required = {field.name for field in fields(cls) if field.default is MISSING}
        if section is None or (isinstance(section, Mapping) and required.isdisjoint(section)):
            raise ConfigError(
                f'{config.filename} has no mapping section; add one, for example by listing '
                f'_base_/mapping/sentinel2_landslide4sense.py in its _base_'
            )
        if not isinstance(section, Mapping):
            raise ConfigError(
                f'mapping of {config.filename} is {section!r}; give a dict of settings'
            )
        names = {field.name for field in fields(cls)}
        strangers, missing = sorted(set(section) - names), sorted(required - set(section))
        faults = {'has unknown settings': strangers, 'lacks': missing}
        if strangers or missing:
            listed = ' and '.join(f'{fault} {keys}' for fault, keys in faults.items() if keys)
            raise ConfigError(
                f'the mapping section of {config.filename} {listed}; wanted are {sorted(names)}'
            )
        values = config.to_dict()['mapping']
        lists = {name: tuple(values[name]) for name in LISTS if _is_list(values.get(name))}
        return cls(**{**values, **lists})


def set_images(config: ConfigSections, request: RunRequest) -> None:
    """Put how a request wants the two images read and compared into the config.

    Raises:
        ConfigError: if the config has no sound mapping section to put it into, or the network
            sees another number of bands.
    """
    asked = {
        'match_histogram': request.match_histogram,
        'max_shift_m': request.max_shift_m,
        'threshold': request.threshold,
        'nodata': request.nodata,
        'bands': request.bands,
        'by_colour': None if request.bands is None else False,
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    if request.values is not None:
        MappingSettings.from_config(config)
        if config['mapping']['scaling'].get('type') != SCALED_BY_VALUES:
            raise ConfigError(
                f'--values {request.values} was given, and this config scales images in another '
                f'way; leave it out, or set mapping.scaling to a {SCALED_BY_VALUES}'
            )
        config['mapping']['scaling']['values'] = request.values
    if not asked:
        return
    seen = len(MappingSettings.from_config(config).bands)
    if request.bands is not None and len(request.bands) != seen:
        raise ConfigError(
            f'--bands names {counted(len(request.bands), "band")}, and the network sees {seen}; '
            f'give one for each, in the order of the images that it was trained on'
        )
    config['mapping'].update(asked)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return _is_number(value) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _counts(value: Any) -> bool:
    return _is_whole(value) and value >= 1


def postproc_hooks(config: ConfigSections) -> list[Mapping[str, Any]]:
    """Return the config's list of post-processing hooks.

    Raises:
        ConfigError: if there is none, or it is no list of dicts.
    """
    if 'postproc' not in config:
        raise ConfigError(
            f'{config.filename} has no postproc list; add one, for example by listing '
            f'../postproc/default.py in its _base_'
        )
    hooks = config.to_dict()['postproc']
    if not (_is_list(hooks) and all(isinstance(hook, Mapping) for hook in hooks)):
        raise ConfigError(
            f'postproc of {config.filename} is {hooks!r}; give a list of dicts, each with a type'
        )
    return list(hooks)
