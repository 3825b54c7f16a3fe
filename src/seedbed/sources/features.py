"""What the ``datasets`` library says of columns, and values as people read them: labels by name, media by path.

Features come in two spellings: nested objects with ``_type`` (``dataset_info.json``, schemas of Arrow and Parquet
files) and a list of named fields (the YAML of a dataset card). Both are read here as the first.
"""

from __future__ import annotations

from typing import Any

_LISTS = {"Sequence", "List", "LargeList", "Array2D", "Array3D"}
_MEDIA = {"Image", "Audio", "Video", "Pdf"}


def labelled(value: Any, feature: Any) -> Any:
    """``value`` with class labels by their names, an unlabelled one (-1) as ``None``, and media as their paths.

    A value that does not look as its feature says comes back as it is.
    """
    if value is None or not feature:
        return value
    if isinstance(feature, list):
        feature = {"_type": "List", "feature": feature[0]}
    if not isinstance(feature, dict):
        return value
    kind = feature.get("_type")
    if kind == "ClassLabel":
        return _label(value, feature.get("names"))
    if kind in _MEDIA:
        return value.get("path") if isinstance(value, dict) else value
    if kind in _LISTS:
        return _listed(value, feature.get("feature"))
    if not isinstance(kind, str) and isinstance(value, dict):
        return {k: labelled(v, feature.get(k)) for k, v in value.items()}
    return value


def _label(value: Any, names: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or not isinstance(names, list):
        return value
    if value == -1:
        return None
    return names[value] if 0 <= value < len(names) else value


def _listed(value: Any, inner: Any) -> Any:
    if isinstance(value, list):
        return [labelled(item, inner) for item in value]
    if isinstance(value, dict) and isinstance(inner, dict):  # a sequence of structs is kept as a struct of lists
        return {k: _listed(v, inner.get(k)) for k, v in value.items()}
    return value


def from_card(fields: Any) -> dict[str, Any]:
    """The features that a card's YAML lists; what cannot be understood is left out, so that its values stay."""
    if not isinstance(fields, list):
        return {}
    named = [f for f in fields if isinstance(f, dict) and isinstance(f.get("name"), str)]
    return {f["name"]: _feature(f) for f in named}


def _feature(spec: Any) -> Any:
    if isinstance(spec, list):
        return from_card(spec)
    if not isinstance(spec, dict):
        return None
    for key in ("sequence", "list"):
        if key in spec:
            return {"_type": "List", "feature": _feature(spec[key])}
    if "struct" in spec:
        return from_card(spec["struct"])
    dtype = spec.get("dtype")
    label = spec.get("class_label") or (dtype.get("class_label") if isinstance(dtype, dict) else None)
    if isinstance(label, dict):
        return {"_type": "ClassLabel", "names": _names(label.get("names"))}
    media = {"image": "Image", "audio": "Audio", "video": "Video", "pdf": "Pdf"}
    return {"_type": media[dtype]} if isinstance(dtype, str) and dtype in media else None


def _names(names: Any) -> Any:
    if not isinstance(names, dict):
        return names
    try:
        return [str(names[key]) for key in sorted(names, key=int)]
    except (TypeError, ValueError):
        return None
