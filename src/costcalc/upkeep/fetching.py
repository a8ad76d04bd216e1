"""The one place that uses the network, and only when a caller asks for it."""

import time
from typing import Any, Final

from costcalc.errors import InputError
from costcalc.upkeep.githubtable import MOST_BYTES

TABLE_URL: Final = "https://raw.githubusercontent.com/github/docs/main/data/tables/copilot/models-and-pricing.yml"
"""GitHub's price table, as github/docs has it today."""

TIMEOUT_SECONDS: Final = 20
_SCHEMES: tuple[str, ...] = ("https",)
_CHUNK: Final = 65_536


def fetch(url: str = TABLE_URL, *, timeout_seconds: float = TIMEOUT_SECONDS, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes at an https address, redirects to other https addresses followed.

    Raises `InputError` for another kind of address, for an answer that is not 200, takes longer than `timeout_seconds`
    in all, or is larger than `most_bytes`.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class Redirects(HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            _check_address(newurl)
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    _check_address(url)
    deadline = time.monotonic() + timeout_seconds
    parts: list[bytes] = []
    size = 0
    try:
        request = Request(url, headers={"User-Agent": "costcalc", "Accept-Encoding": "identity"})
        with build_opener(Redirects).open(request, timeout=timeout_seconds) as answer:
            while part := answer.read1(_CHUNK):
                size += len(part)
                if size > most_bytes:
                    raise InputError(f"{url}: more than {most_bytes:,} bytes; not fetched")
                if time.monotonic() > deadline:
                    raise TimeoutError
                parts.append(part)
            if answer.status != 200:
                raise InputError(f"{url}: cannot be fetched (status {answer.status})")
    except TimeoutError:
        raise InputError(f"{url}: no whole answer within {timeout_seconds:g} seconds") from None
    except HTTPError as error:
        with error:
            raise InputError(f"{url}: cannot be fetched (status {error.code})") from None
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise InputError(f"{url}: no whole answer within {timeout_seconds:g} seconds") from None
        raise InputError(f"{url}: cannot be fetched ({error.reason})") from None
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{url}: cannot be fetched ({error!s:.120})") from None
    return b"".join(parts)


def _check_address(url: str) -> None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
    except ValueError:
        raise InputError(f"{url!r:.120} is not an address") from None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise InputError(f"{url:.120}: only https addresses are fetched")
