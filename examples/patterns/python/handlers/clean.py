"""Leaves letters and blanks of a text."""

import json

text = json.loads(input())["text"]
print(json.dumps({"text": "".join(c for c in text if c.isalpha() or c.isspace()).lower()}))
