"""How candidates are made from jobs: recipes, their prompts, and the coordinates that spread them over a topic.

Recipes are pure: they get ``generate`` and ``prompts`` passed in, and read no file, clock or environment.
"""
