"""Requests over the network: retried with back-off, and one sentence where they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from dfpenet_mm.errors import NetworkError, brief

# Seconds until a connection stands, and between two of its bytes.
CONNECT_S, READ_S = 10, 60
# Tries after the first one, and seconds before the first of them; then twice as many.
RETRIES, BACK_OFF_S = 4, 1.0
# Busy or broken for the moment.
RETRIED = (429, 500, 502, 503, 504)
ADVICE = {
    401: 'it wants a login; name a server that is open with --stac',
    403: 'it refuses access; name a server that is open with --stac',
    404: 'nothing is there; check the address',
    429: 'it is asked too often; try again in some minutes',
}
LATER = 'check the connection and try again later'


def retries() -> Retry:
    """Return the manner in which failed requests are repeated."""
    return Retry(
        total=RETRIES,
        backoff_factor=BACK_OFF_S,
        status_forcelist=RETRIED,
        allowed_methods=('GET', 'HEAD', 'POST'),
        raise_on_status=False,
    )


def read_settings() -> dict[str, Any]:
    """Return GDAL's settings for images on servers.

    Only what is asked for is read, no folder is listed, and what is closed is forgotten, so that
    a file that failed is asked for anew.
    """
    return {
        'GDAL_DISABLE_READDIR_ON_OPEN': 'EMPTY_DIR',
        'GDAL_HTTP_MAX_RETRY': RETRIES,
        'GDAL_HTTP_RETRY_DELAY': BACK_OFF_S,
        'GDAL_HTTP_CONNECTTIMEOUT': CONNECT_S,
        'GDAL_HTTP_LOW_SPEED_TIME': READ_S,
        'GDAL_HTTP_LOW_SPEED_LIMIT': 1,
        'GDAL_HTTP_MERGE_CONSECUTIVE_RANGES': 'YES',
        'GDAL_INGESTED_BYTES_AT_OPEN': 32_768,
        'CPL_VSIL_CURL_NON_CACHED': '/vsicurl/',
        'GTIFF_IGNORE_READ_ERRORS': 'NO',
    }


def get_json(
    url: str, what: str, parameters: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """Fetch a JSON document.

    Args:
        url: address.
        what: how a sentence about it begins.
        parameters: of the query.

    Returns:
        The document; None if the server knows no such thing (HTTP 204, 400 or 404).

    Raises:
        NetworkError: if it cannot be had, or is no JSON object.
    """
    with requests.Session() as session, network_errors(what):
        for scheme in ('http://', 'https://'):
            session.mount(scheme, HTTPAdapter(max_retries=retries()))
        answer = session.get(url, params=parameters, timeout=(CONNECT_S, READ_S))
        if answer.status_code in (204, 400, 404):
            return None
        answer.raise_for_status()
        document = answer.json()
    if not isinstance(document, dict):
        raise NetworkError(f'{what} answers with no JSON object at {url}; check the address')
    return document


@contextmanager
def network_errors(what: str, *kinds: type[Exception]) -> Iterator[None]:
    """Turn what fails while a server is asked into one sentence.

    Args:
        what: how it begins, such as ``the image server https://...``.
        kinds: further errors of a library; one with a ``status_code`` is explained by it.

    Raises:
        NetworkError: always for one of these.
    """
    expected: tuple[type[Exception], ...] = (requests.RequestException, *kinds)
    try:
        yield
    except expected as error:
        code = _status(error)
        if code is None:
            raise NetworkError(f'{what} cannot be reached ({_cause(error)}); {LATER}') from error
        advice = ADVICE.get(code, LATER)
        raise NetworkError(f'{what} answers with HTTP {code}; {advice}') from error


def _status(error: Exception) -> int | None:
    code = getattr(error, 'status_code', None)
    return code or getattr(getattr(error, 'response', None), 'status_code', None)


def _cause(error: BaseException) -> str:
    """Say the innermost reason: urllib3 wraps it in objects and their addresses."""
    if isinstance(error, requests.Timeout):
        return 'no answer in time'
    inner = error
    while True:
        reason = getattr(inner, 'reason', None) or next(
            (part for part in inner.args if isinstance(part, BaseException)), None
        )
        if not isinstance(reason, BaseException):
            break
        inner = reason
    text = brief(inner) if isinstance(inner, Exception) else type(inner).__name__
    return text.rpartition('>: ')[2] or text
