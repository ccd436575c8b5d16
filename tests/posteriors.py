"""Files of draws, as a fit leaves them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TOLD = {"experiment": "a fit", "fitted": {"use": ["calibrate"], "until": "2021-12-31"}}


def write_draws(file: Path, columns: Mapping[str, Sequence[object]], told: object = TOLD) -> Path:
    """A Parquet file with these columns, and what it says of itself."""
    table = pa.table(dict(columns))
    text = told if isinstance(told, str) else json.dumps(told)
    pq.write_table(table.replace_schema_metadata({"returnsim": text}), file)
    return file
