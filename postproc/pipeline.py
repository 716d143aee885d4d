"""The hooks of a config, built once, run in order, and what each of them did."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dfpenet_mm.components import component_parameters
from dfpenet_mm.errors import ConfigError
from postproc.inventory.measures import areas_m2
from postproc.product import LandslideProduct
from postproc.registry import (
    POSTPROC,
    AskedLayers,
    ChecksEarly,
    EarlyInputs,
    build_hook,
    evaluates_reference,
)
from postproc.terrain.dem import DEM

# Package of the hooks that say beforehand which layers they read.
OWN = 'postproc.'


@dataclass(frozen=True)
class HookRecord:
    """The work of one hook.

    Args:
        hook: its name.
        parameters: its arguments, defaults included.
        regions_in: landslides it was given.
        regions_out: landslides it handed on.
        area_m2_in: their area, square metres.
        area_m2_out: likewise.
        seconds: how long it took.
    """

    hook: str
    parameters: Mapping[str, Any]
    regions_in: int
    regions_out: int
    area_m2_in: float
    area_m2_out: float
    seconds: float


class PostprocPipeline:
    """The hooks of a config's ``postproc`` list.

    Build it before the scene is mapped: a config that cannot work fails here, not after hours.

    Args:
        hooks: configs of hooks, in the order in which they run.

    Raises:
        ConfigError: if one cannot be built.
    """

    def __init__(self, hooks: Sequence[Mapping[str, Any]]) -> None:
        if isinstance(hooks, Mapping | str) or not isinstance(hooks, Sequence):
            raise ConfigError(
                f'postproc is {hooks!r}; wanted is a list of hooks, each a dict with a type'
            )
        self._hooks = [(build_hook(cfg), component_parameters(POSTPROC, cfg)) for cfg in hooks]

    def check(self, inputs: EarlyInputs) -> None:
        """Let every hook that can do so judge the inputs, before the scene is mapped.

        Args:
            inputs: the scene's grid, the reference if there is one, and the auxiliary rasters.

        Raises:
            ConfigError: if there is a reference and no hook that evaluates it, or a layer that
                no hook reads.
            DfpenetError: whatever a hook finds wrong.
        """
        hooks = [hook for hook, _ in self._hooks]
        if inputs.reference is not None and not any(map(evaluates_reference, hooks)):
            raise ConfigError(
                f'the reference {inputs.reference} was given but the postproc list has no '
                f"ConsistencyEvaluator; add dict(type='ConsistencyEvaluator') to it"
            )
        layers = AskedLayers(inputs.layers)
        for hook in hooks:
            if isinstance(hook, ChecksEarly):
                hook.check(replace(inputs, layers=layers))
        # Of a user's own hook nobody knows what it will read.
        if all(type(hook).__module__.startswith(OWN) for hook in hooks):
            _refuse_unread(layers)

    def __call__(
        self,
        product: LandslideProduct,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> tuple[LandslideProduct, tuple[HookRecord, ...]]:
        """Run the hooks.

        Args:
            product: the landslides as polygonised.
            progress: called before every hook with its name, the hooks done and their number.

        Returns:
            The product behind the last hook, and one record for every hook.

        Raises:
            ConfigError: if a hook does not return a product.
            DfpenetError: whatever a hook finds wrong with its input.
        """
        records = []
        area = _total_area(product)
        for done, (hook, parameters) in enumerate(self._hooks):
            name = type(hook).__name__
            if progress:
                progress(name, done, len(self._hooks))
            start = time.perf_counter()
            after = hook(product)
            seconds = time.perf_counter() - start
            if not isinstance(after, LandslideProduct):
                raise ConfigError(
                    f'the postproc hook {name} returned {type(after).__name__}; a hook must '
                    f'return a LandslideProduct'
                )
            record = HookRecord(
                hook=name,
                parameters=parameters,
                regions_in=len(product.landslides),
                regions_out=len(after.landslides),
                area_m2_in=area,
                area_m2_out=_total_area(after),
                seconds=seconds,
            )
            records.append(record)
            product, area = after, record.area_m2_out
        return product, tuple(records)


def _refuse_unread(layers: AskedLayers) -> None:
    unread = [name for name in layers if name not in layers.asked]
    if unread:
        name = unread[0]
        option = '--dem' if name == DEM else f'--layer {name}=...'
        raise ConfigError(
            f'no rule of the config reads the layer {name!r} of {option}, so that it would '
            f'change nothing; leave it out, or add a rule on it to the GeologicFilter of the '
            f'config'
        )


def _total_area(product: LandslideProduct) -> float:
    return float(areas_m2(product.landslides).sum())
