"""Times as strangers write them. It knows no clock."""

from datetime import UTC, datetime

_FARTHEST = 1e11  # seconds from 1970: three thousand years


def unix_seconds(value: object) -> float | None:
    """Unix seconds from a number of them, or from an ISO 8601 text, which is in UTC unless it says otherwise.

    None for anything else.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) < _FARTHEST else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
