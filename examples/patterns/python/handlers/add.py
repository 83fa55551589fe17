"""Adds what is in the shared input `counts`."""

import json
import os
from pathlib import Path

print(sum(json.loads(Path(os.environ["STEPSTILE_SHARED_FILE"]).read_text())["counts"]))
