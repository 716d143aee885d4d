"""Where a run comes from, for the foot of the report."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

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
