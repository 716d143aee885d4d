"""Numbers as a browser reads them fastest: little-endian bytes in base64."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

# dtype -> constructor in JavaScript.
ARRAYS = {
    'uint8': 'Uint8Array',
    'uint16': 'Uint16Array',
    'uint32': 'Uint32Array',
    'int32': 'Int32Array',
    'float32': 'Float32Array',
    'float64': 'Float64Array',
}


def pack(values: np.ndarray, dtype: str) -> dict[str, Any]:
    """Pack an array.

    Args:
        values: numbers, shape (values,).
        dtype: a key of ``ARRAYS``.

    Returns:
        The name of JavaScript's array type and the bytes, as plain JSON values.
    """
    data = np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder('<'))
    return {'array': ARRAYS[dtype], 'base64': base64.b64encode(data.tobytes()).decode('ascii')}
