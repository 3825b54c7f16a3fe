"""One entry of every kind that asks and answers something."""

from __future__ import annotations

TOOL = {"type": "function", "function": {"name": "light", "description": "", "parameters": {"type": "object"}}}
CALL = {"name": "light", "arguments": {"on": True}}

CONTENTS = {
    "qa": {"question": "What is it?", "answer": "A thing."},
    "instruction": {"instruction": "Add.", "input": "1 and 2", "response": "3"},
    "classification": {"text": "Where is my parcel?", "label": "delivery"},
    "paraphrase": {"source": "Close it.", "text": "Shut it."},
    "eval_case": {"input": "Say yes.", "expected": "Yes."},
    "preference": {"prompt": "Be kind.", "chosen": "I am.", "rejected": "No."},
    "math": {"question": "1 + 1 km?", "steps": ["1 + 1 = 2", "So it is 2 km."], "answer": "2", "unit": "km"},
    "tool_use": {"query": "Light on!", "tools": [TOOL], "calls": [CALL], "function": "light"},
    "answered": {"query": "Who are you?", "tools": [TOOL], "calls": [], "answer": "A house."},
    "rag": {"query": "hours", "passage": "Open till six.", "answer": "Till six."},
}
