"""Finished entries as training files: formats, stratified splits, manifest and card."""
