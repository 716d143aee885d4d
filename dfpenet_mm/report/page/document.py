"""Template, styles and scripts in one file that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dfpenet_mm.report.figures.palette import hook_words
from dfpenet_mm.report.page import columns
from dfpenet_mm.wording import agreeing, counted

FOLDER = Path(__file__).parent
STYLES = ('page.css', 'map.css', 'print.css')
# In this order: each uses those above it.
SCRIPTS = (
    'arrays.js',
    'outlines.js',
    'layer.js',
    'coordinates.js',
    'details.js',
    'table.js',
    'filters.js',
    'numbers.js',
    'map.js',
    'gestures.js',
    'start.js',
)


def environment() -> Environment:
    """Return the templates: everything put into them is escaped, nothing may be missing."""
    templates = Environment(
        loader=FileSystemLoader(FOLDER / 'templates'),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        'count': columns.count,
        'decimal': columns.decimal,
        'percent': columns.percent,
        'area': columns.area,
        'size': columns.file_size,
        'sentence': columns.sentence,
        'counted': counted,
        'hook_words': hook_words,
        'agreeing': agreeing,
    }
    return templates


def styles() -> str:
    """Return all styles."""
    return '\n'.join(_asset(name) for name in STYLES)


def script() -> str:
    """Return the script of the page."""
    own = '\n'.join(_asset(name) for name in SCRIPTS)
    return f"(() => {{\n'use strict';\n{own}\n}})();"


def security_policy(inline: str) -> str:
    """Return a content security policy: nothing is fetched, only one script runs.

    Args:
        inline: text of the script. One that slipped in through an attribute of a file would have
            another checksum.
    """
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{_sha256(inline)}'; base-uri 'none'; form-action 'none'"
    )


def json_text(value: Any) -> str:
    """Write JSON that no HTML parser takes for an end of the script element around it."""
    text = json.dumps(value, allow_nan=False, separators=(',', ':'))
    return text.replace('<', '\\u003c').replace('>', '\\u003e').replace('&', '\\u0026')


def _asset(name: str) -> str:
    return (FOLDER / 'assets' / name).read_text(encoding='utf-8')


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')


ROLES = {
    'post': 'post-event image',
    'pre': 'pre-event image',
    'config': 'configuration',
    'checkpoint': 'weights of the network',
    'reference': 'reference inventory',
    'aoi': 'area of interest',
    'layer_dem': 'elevation model',
}


def described(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs, versions, command, settings and times as texts to show."""
    origin = summary.get('provenance', {})
    return {
        'created': created_text(origin.get('created')),
        'inputs': [
            {
                'role': ROLES.get(role, role.replace('_', ' ')),
                'name': file.get('name'),
                'bytes': file.get('bytes'),
                'sha256': file.get('sha256'),
            }
            for role, file in origin.get('inputs', {}).items()
            if isinstance(file, Mapping)
        ],
        'versions': dict(origin.get('versions', {})),
        'command': shlex.join(origin['command']) if origin.get('command') else None,
        'settings': json.dumps(origin.get('settings', {}), indent=2, ensure_ascii=False),
        'seconds': dict(summary.get('seconds', {})),
        'backend': summary.get('backend_choice'),
        'device': origin.get('settings', {}).get('device'),
    }


def created_text(created: str | None) -> str | None:
    """Write an ISO time of any zone as ``23 November 2026, 03:39 UTC``; others as they are."""
    try:
        moment = datetime.fromisoformat(created or '').astimezone(UTC)
    except ValueError:
        return created
    return f'{moment.day} {moment:%B %Y, %H:%M} UTC'


def file_name(summary: Mapping[str, Any], role: str) -> str | None:
    """Return the name of an input file; None if the run had no such input."""
    return (summary.get('provenance', {}).get('inputs', {}).get(role) or {}).get('name')
