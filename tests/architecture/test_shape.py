"""Size, names, documentation, and who may do what."""

from __future__ import annotations

import ast
import re

import pytest

LINES, FUNCTION, FUNCTION_NORM, ARGUMENTS = 400, 60, 40, 8
VAGUE = {"utils", "util", "helpers", "common", "misc", "manager", "base"}
BROAD = {"seedbed.core.plugins", "seedbed.engine.run"}
"""Where a stranger's code may fail in any way: plugin loading and the runner's job boundary."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def is_setter(function):
    return any(isinstance(d, ast.Attribute) and d.attr == "setter" for d in function.decorator_list)


def public(tree):
    """Public functions, classes and methods, as a reader of the module's names would see them."""
    for node in tree.body:
        if isinstance(node, (*Function.__args__, ast.ClassDef)) and not node.name.startswith("_"):
            yield node.name, node
            methods = [n for n in node.body if isinstance(n, Function)] if isinstance(node, ast.ClassDef) else []
            yield from (
                (f"{node.name}.{m.name}", m) for m in methods if not m.name.startswith("_") and not is_setter(m)
            )


def length(node):
    """Lines of a function, without decorators and docstring."""
    first = node.body[0]
    has_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    about = first.end_lineno - first.lineno + 1 if has_text else 0
    return node.end_lineno - node.lineno + 1 - about


def test_modules_are_short(modules):
    assert {m.name: n for m in modules if (n := m.text.count("\n")) > LINES} == {}


def test_functions_are_short(modules, record_property):
    sizes = {f"{m.name}.{f.name}": length(f) for m in modules for f in functions(m.tree)}
    record_property("functions over the norm", {name: n for name, n in sizes.items() if n > FUNCTION_NORM})
    assert {name: n for name, n in sizes.items() if n > FUNCTION} == {}


def test_functions_take_few_arguments(modules):
    many = {}
    for m in modules:
        for f in functions(m.tree):
            plain = [a.arg for a in (*f.args.posonlyargs, *f.args.args) if a.arg not in ("self", "cls")]
            if len(plain) + len(f.args.kwonlyargs) > ARGUMENTS:
                many[f"{m.name}.{f.name}"] = len(plain) + len(f.args.kwonlyargs)
    assert many == {}


def test_module_names_say_something(modules):
    assert [m.name for m in modules if m.name.rpartition(".")[2].strip("_") in VAGUE] == []


def test_everything_public_is_documented(modules):
    bare = [m.name for m in modules if not ast.get_docstring(m.tree)]
    bare += [f"{m.name}.{name}" for m in modules for name, node in public(m.tree) if not ast.get_docstring(node)]
    assert bare == []


def test_sql_is_in_the_store_alone(modules):
    statement = re.compile(
        r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA)\b", re.S
    )
    outside = [m for m in modules if not m.name.startswith("seedbed.store.")]
    texts = {
        m.name: [n.value for n in ast.walk(m.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        for m in outside
    }
    assert [name for name, found in texts.items() if any(statement.search(t) for t in found)] == []
    imports = [m.name for m in outside if re.search(r"^\s*(import|from) sqlite3\b", m.text, re.M)]
    assert imports == []


def is_broad(handler):
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(c is None or (isinstance(c, ast.Name) and c.id in ("Exception", "BaseException")) for c in caught)


def test_errors_are_swallowed_at_two_places_only(modules):
    """A handler that re-raises as its last act cleans up and hides nothing."""
    broad = {
        m.name
        for m in modules
        for node in ast.walk(m.tree)
        if isinstance(node, ast.ExceptHandler)
        and is_broad(node)
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
    }
    assert broad <= BROAD


@pytest.mark.parametrize("name", ["eval", "exec", "compile", "__import__"])
def test_nothing_is_evaluated(modules, name):
    calls = [
        m.name
        for m in modules
        for node in ast.walk(m.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]
    assert calls == []


def test_only_the_door_inserts_entries(modules):
    callers = {m.name for m in modules if re.search(r"\bentries\.insert\(", m.text)}
    assert callers == {"seedbed.engine.intake"}


def test_only_the_edge_reads_the_environment(modules):
    readers = {m.name for m in modules if re.search(r"\bos\.(environ|getenv)\b", m.text)}
    assert {
        r
        for r in readers
        if r.startswith(("seedbed.engine", "seedbed.recipes", "seedbed.quality", "seedbed.kinds", "seedbed.store"))
    } == set()
