"""Styles for QGIS 3: what the layers of the inventory look like when they are opened."""

from __future__ import annotations

from string import Template
from xml.sax.saxutils import quoteattr

from postproc.inventory.layer import HEADSCARPS, LANDSLIDES, REJECTED

# Outlines as in the project's pictures; red, green, blue, opacity.
MAGENTA, CYAN, WHITE, BLACK = '255,0,208,255', '0,200,255,255', '255,255,255,255', '0,0,0,255'
YELLOW = '255,221,0,255'
CLEAR = '255,255,255,0'

# Only what differs from QGIS's own defaults; `prop` is the form that every QGIS 3 reads.
STYLE = Template("""\
<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.16" styleCategories="Symbology|Labeling" labelsEnabled="1">
$renderer
  <labeling type="simple">
    <settings calloutType="simple">
      <text-style fieldName=$label isExpression="1" fontSize="8" fontSizeUnit="Point" \
fontWeight="75" textColor="$label_colour" textOpacity="1">
        <text-buffer bufferDraw="1" bufferSize="0.8" bufferSizeUnits="MM" \
bufferColor="$WHITE" bufferOpacity="1"/>
      </text-style>
      <placement placement="$placement" dist="1" distUnits="MM" centroidInside="1" \
centroidWhole="1" priority="5"/>
      <rendering drawLabels="1" scaleVisibility="$scaled" scaleMin="1" scaleMax="25000" \
obstacle="1" fontMinPixelSize="3" fontMaxPixelSize="10000" maxNumLabels="2000"/>
    </settings>
  </labeling>
  <blendMode>0</blendMode>
  <layerOpacity>1</layerOpacity>
</qgis>
""")
SINGLE = Template("""\
  <renderer-v2 type="singleSymbol" symbollevels="0" enableorderby="0" forceraster="0">
    <symbols>
$symbol
    </symbols>
  </renderer-v2>""")
BY_KIND = Template("""\
  <renderer-v2 type="categorizedSymbol" attr="kind" symbollevels="0" enableorderby="0" \
forceraster="0">
    <categories>
      <category render="true" symbol="0" value="headscarp" label="headscarp (highest point)"/>
      <category render="true" symbol="1" value="toe" label="toe (lowest point)"/>
    </categories>
    <symbols>
$headscarp
$toe
    </symbols>
  </renderer-v2>""")
SYMBOL = Template("""\
      <symbol type="$type" name="$name" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="$kind" enabled="1" locked="0" pass="0">
$properties
        </layer>
      </symbol>""")
# Number in QGIS of where a label goes: around a point, over it, horizontal in a polygon.
AROUND, HORIZONTAL = 0, 4


def style_of(role: str) -> str:
    """Return the QML of a layer.

    Args:
        role: ``LANDSLIDES`` (outlines, each with its number), ``REJECTED`` (dashed outlines,
            each with its reason from 1:25,000 on) or ``HEADSCARPS`` (a triangle that points up
            at the headscarp and down at the toe, with elevations).
    """
    return _STYLES[role]()


def _landslides() -> str:
    symbol = _outline(MAGENTA, 'solid')
    return _style(SINGLE.substitute(symbol=symbol), '"id"', MAGENTA, HORIZONTAL, scaled=False)


def _rejected() -> str:
    symbol = _outline(CYAN, 'dash')
    return _style(SINGLE.substitute(symbol=symbol), '"reason"', BLACK, HORIZONTAL, scaled=True)


def _headscarps() -> str:
    renderer = BY_KIND.substitute(
        headscarp=_triangle('0', YELLOW, angle=0), toe=_triangle('1', WHITE, angle=180)
    )
    label = 'round("elevation_m") || \' m\''
    return _style(renderer, label, BLACK, AROUND, scaled=True)


_STYLES = {LANDSLIDES: _landslides, REJECTED: _rejected, HEADSCARPS: _headscarps}


def _style(renderer: str, label: str, colour: str, placement: int, *, scaled: bool) -> str:
    return STYLE.substitute(
        renderer=renderer,
        label=quoteattr(label),
        label_colour=colour,
        placement=placement,
        scaled=int(scaled),
        WHITE=WHITE,
    )


def _outline(colour: str, line: str) -> str:
    properties = {
        'style': 'no',
        'color': CLEAR,
        'outline_color': colour,
        'outline_style': line,
        'outline_width': '0.5',
        'outline_width_unit': 'MM',
        'joinstyle': 'miter',
    }
    return _symbol('fill', '0', 'SimpleFill', properties)


def _triangle(name: str, colour: str, *, angle: int) -> str:
    properties = {
        'name': 'triangle',
        'angle': str(angle),
        'color': colour,
        'outline_color': BLACK,
        'outline_style': 'solid',
        'outline_width': '0.2',
        'outline_width_unit': 'MM',
        'size': '2.4',
        'size_unit': 'MM',
    }
    return _symbol('marker', name, 'SimpleMarker', properties)


def _symbol(type_: str, name: str, kind: str, properties: dict[str, str]) -> str:
    lines = [f'          <prop k="{key}" v="{value}"/>' for key, value in properties.items()]
    return SYMBOL.substitute(type=type_, name=name, kind=kind, properties='\n'.join(lines))
