"""Parameters of the algorithms, each with the option of ``landslide-map`` that it becomes.

A value goes to the command as ``--option=value``, so that none is taken for an option itself.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDateTime,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from .. import qgis_names

WGS84 = 'EPSG:4326'
# QGIS's own (*.*) takes no name without a dot, such as that of a program.
ANY_NAME = 'All files (*)'


@dataclass(frozen=True)
class Values:
    """The choices of a user, and the way in which an algorithm reads them."""

    algorithm: QgsProcessingAlgorithm
    chosen: dict[str, Any]
    context: QgsProcessingContext

    def text(self, name: str) -> str:
        """Return a parameter as text; empty without one."""
        return self.algorithm.parameterAsString(self.chosen, name, self.context) or ''

    def flag(self, name: str) -> bool:
        """Return a parameter as yes or no."""
        return self.algorithm.parameterAsBool(self.chosen, name, self.context)

    def given(self, name: str) -> bool:
        """Tell whether a parameter has a value at all."""
        return self.chosen.get(name) not in (None, '')


@dataclass(frozen=True)
class Parameter:
    """A parameter of any kind.

    Args:
        name: in capitals, by which ``qgis_process`` knows it.
        label: beside its field.
        option: of the command, such as ``--post``; empty for an argument without a name.
        optional: True where it may stay empty.
        advanced: True where only few users want it.
        default: value to begin with.
        about: what shows when the mouse rests on it.
    """

    name: str
    label: str
    option: str = ''
    optional: bool = False
    advanced: bool = False
    default: Any = None
    about: str = ''

    def definition(self) -> QgsProcessingParameterDefinition:
        """Return the parameter as QGIS shows it."""
        made = self.made()
        made.setHelp(self.about)
        if self.advanced:
            made.setFlags(made.flags() | qgis_names.ADVANCED)
        return made

    def made(self) -> QgsProcessingParameterDefinition:
        """Make it, without help and flags."""
        raise NotImplementedError

    def arguments(self, values: Values) -> list[str]:
        """Return what the command is given for it, nothing where it is empty."""
        text = values.text(self.name).strip()
        return self.as_option(text) if text else []

    def as_option(self, value: str) -> list[str]:
        """Put a value behind the option."""
        return [f'{self.option}={value}'] if self.option else [value]


class Text(Parameter):
    """A line of text."""

    def made(self) -> QgsProcessingParameterDefinition:
        return QgsProcessingParameterString(
            self.name, self.label, self.default, optional=self.optional
        )


class Words(Text):
    """Words with spaces in between, given to the command one by one."""

    def arguments(self, values: Values) -> list[str]:
        words = values.text(self.name).split()
        return [self.option, *words] if words else []


class Repeated(Text):
    """Words with spaces in between, each behind an option of its own."""

    def arguments(self, values: Values) -> list[str]:
        return [word for text in values.text(self.name).split() for word in self.as_option(text)]


@dataclass(frozen=True)
class Number(Parameter):
    """A number; left empty, or at its default, the command decides.

    Args:
        whole: True for whole numbers.
        least: smallest that may be given.
        most: largest; None for none.
    """

    whole: bool = False
    least: float | None = None
    most: float | None = None

    def made(self) -> QgsProcessingParameterDefinition:
        made = QgsProcessingParameterNumber(
            self.name,
            self.label,
            qgis_names.WHOLE if self.whole else qgis_names.REAL,
            self.default,
            self.optional,
        )
        if self.least is not None:
            made.setMinimum(self.least)
        if self.most is not None:
            made.setMaximum(self.most)
        return made

    def arguments(self, values: Values) -> list[str]:
        if values.chosen.get(self.name) is None and self.default is None:
            return []
        read = values.algorithm.parameterAsInt if self.whole else values.algorithm.parameterAsDouble
        return self.as_option(repr(read(values.chosen, self.name, values.context)))


@dataclass(frozen=True)
class OneOf(Parameter):
    """One of several values; the first leaves the choice to the command.

    Args:
        choices: what the command is given, and what the user reads; no value for none.
    """

    choices: Sequence[tuple[str, str]] = ()

    def made(self) -> QgsProcessingParameterDefinition:
        return QgsProcessingParameterEnum(
            self.name, self.label, [label for _, label in self.choices], False, self.default or 0
        )

    def arguments(self, values: Values) -> list[str]:
        place = values.algorithm.parameterAsEnum(values.chosen, self.name, values.context)
        value = self.choices[place][0]
        return self.as_option(value) if value else []


class Switch(Parameter):
    """Yes or no; yes gives the option."""

    def made(self) -> QgsProcessingParameterDefinition:
        return QgsProcessingParameterBoolean(self.name, self.label, bool(self.default))

    def arguments(self, values: Values) -> list[str]:
        return [self.option] if self.option and values.flag(self.name) else []


class AnyFile(Parameter):
    """A file of any kind."""

    behaviour: ClassVar[Any] = qgis_names.FILE

    def made(self) -> QgsProcessingParameterDefinition:
        return QgsProcessingParameterFile(
            self.name, self.label, self.behaviour, '', self.default, self.optional, ANY_NAME
        )

    def arguments(self, values: Values) -> list[str]:
        text = values.text(self.name).strip()
        return self.as_option(os.path.abspath(text)) if text else []


class Folder(AnyFile):
    """A folder."""

    behaviour: ClassVar[Any] = qgis_names.FOLDER


class Day(Parameter):
    """A day."""

    def made(self) -> QgsProcessingParameterDefinition:
        return QgsProcessingParameterDateTime(
            self.name, self.label, qgis_names.DAY, self.default, self.optional
        )

    def arguments(self, values: Values) -> list[str]:
        if not values.given(self.name):
            return []
        moment = values.algorithm.parameterAsDateTime(values.chosen, self.name, values.context)
        return self.as_option(moment.toString('yyyy-MM-dd'))


class Box(Parameter):
    """A rectangle on the map, given to the command in degrees."""

    def made(self) -> QgsProcessingParameterDefinition:
        return QgsProcessingParameterExtent(self.name, self.label, self.default, self.optional)

    def arguments(self, values: Values) -> list[str]:
        if not values.given(self.name):
            return []
        ask = values.chosen, self.name, values.context
        box, degrees = values.algorithm.parameterAsExtent(*ask), QgsCoordinateReferenceSystem(WGS84)
        # Without a CRS of its own it is in that of the project, if there is one.
        crs = values.algorithm.parameterAsExtentCrs(*ask)
        if crs.isValid():
            way = QgsCoordinateTransform(crs, degrees, values.context.transformContext())
            box = way.transformBoundingBox(box)
        sides = box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()
        return self.as_option(','.join(f'{side:.6f}' for side in sides))
