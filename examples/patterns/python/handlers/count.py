"""Counts the words of a text."""

import json

print(len(json.loads(input())["text"].split()))
