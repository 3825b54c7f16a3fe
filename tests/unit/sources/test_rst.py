import pytest

from seedbed.sources.rst import read_rst
from testkit.bounds import takes_less


def blocks(text):
    return [(b.kind, b.text) for s in read_rst(text) for b in s.blocks]


def shown(text):
    return [t for _, t in blocks(text)]


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("a :ref:`shown <target>` here", "a shown here"),
        ("see :ref:`some_label-x`", "see some label x"),
        ("a :class:`~pkg.mod.Name` b", "a Name b"),
        ("a :py:meth:`!open` b", "a open b"),
        ("run :code:`x = 1` and ``y  = 2``", "run `x = 1` and `y = 2`"),
        ("`text <http://a.b>`_ and `other`_ and `anon`__", "text and other and anon"),
        ("*it* and **bold** and `plain`", "it and bold and plain"),
        ("cited [1]_ and [#n]_ and [Doe99]_.", "cited and and."),
        ("a\\ b and \\*c\\*", "ab and *c*"),
        ("names like foo_ and _bar stay", "names like foo_ and _bar stay"),
        (":pep:`8` and :issue:`12`", "PEP 8 and #12"),
        ("2 * 3 * 4 and a*b*c", "2 * 3 * 4 and a*b*c"),
    ],
)
def test_inline_markup_is_gone(marked, plain):
    assert shown(marked) == [plain]


def test_references_show_the_titles_and_texts_defined_in_the_document():
    text = ".. |x| replace:: the thing\n.. _lab:\n\nA Title\n=======\n\nSee :ref:`lab`, lab_ and |x|."
    assert shown(text) == ["See A Title, lab and the thing."]


def test_headings_take_their_level_from_the_order_of_appearance():
    text = "====\nTop\n====\n\na\n\nPart\n~~~~\nb\n\nDeep\n^^^^\nc\n\nOther\n~~~~~\nd"
    assert [s.headings for s in read_rst(text)] == [
        ("Top",),
        ("Top", "Part"),
        ("Top", "Part", "Deep"),
        ("Top", "Other"),
    ]


@pytest.mark.parametrize(
    "directive",
    [
        ".. toctree::\n   :maxdepth: 2\n\n   intro\n   usage",
        ".. image:: a.png\n   :alt: x",
        ".. index:: one, two",
        ".. automodule:: pkg\n   :members:",
        ".. literalinclude:: x.py",
        ".. a comment\n   that goes on",
        ".. _label:",
        ".. |sub| image:: x.png",
        ".. currentmodule:: h5py",
        ".. include:: x.rst",
        ".. raw:: html\n\n   <b>x</b>",
    ],
)
def test_directives_without_prose_are_dropped(directive):
    assert shown(f"before\n\n{directive}\n\nafter") == ["before", "after"]


def test_admonitions_and_versions_keep_their_text():
    text = ".. note::\n    Be *careful*.\n\n.. warning:: Hot\n\n"
    text += ".. versionadded:: 2.1\n   The option.\n\n.. deprecated:: 3.0\n"
    assert shown(text) == [
        "Note: Be careful.",
        "Warning: Hot",
        "New in version 2.1: The option.",
        "Deprecated since version 3.0.",
    ]


def test_literal_blocks_sessions_and_code_directives_are_code():
    text = "Like so::\n\n    x = 1\n      y\n\n>>> 1 + 1\n2\n\n"
    text += ".. code-block:: c\n   :linenos:\n\n   int x;\n\n::\n\n   bare\n"
    found = [(b.kind, b.text, b.language) for s in read_rst(text) for b in s.blocks]
    assert found == [
        ("text", "Like so:", ""),
        ("code", "x = 1\n  y", ""),
        ("code", ">>> 1 + 1\n2", ""),
        ("code", "int x;", "c"),
        ("code", "bare", ""),
    ]


def test_signatures_lead_their_descriptions_and_members_carry_the_class():
    text = """.. class:: Group(id, \\
                  name)

    A group.

    .. method:: get(name)
                get(name, default)

        Fetch it.

        :param name: Which one.
        :type name: str
        :returns: The thing.
"""
    (section,) = read_rst(text)
    assert [(b.kind, b.text, b.under) for b in section.blocks] == [
        ("lead", "`Group(id, name)`", ""),
        ("text", "A group.", "Group"),
        ("lead", "`Group.get(name)`", "Group"),
        ("lead", "`Group.get(name, default)`", "Group"),
        ("text", "Fetch it.", "Group.get"),
        ("item", "name: Which one.", "Group.get"),
        ("item", "Returns: The thing.", "Group.get"),
    ]


def test_tables_of_all_kinds_are_readable():
    simple = "=====  ====\nName   Use\n=====  ====\na      one\n       more\nb\n=====  ====\n"
    grid = "+---+---+\n| A | B |\n+===+===+\n| 1 | 2 |\n|   | 3 |\n+---+---+\n"
    listed = ".. list-table::\n   :header-rows: 1\n\n   * - A\n     - B\n   * - 1\n     - 2\n"
    assert shown(simple) == ["Name: a; Use: one more", "Name: b"]
    assert shown(grid) == ["A: 1; B: 2 3"]
    assert shown(listed) == ["A: 1; B: 2"]


def test_lists_definitions_and_quotes_read_as_text():
    text = "- one\n  goes on\n- two\n\n  second paragraph\n\nterm\n   its meaning\n\n"
    text += "Said:\n\n   quoted *text*\n\n#. first\n| verse"
    assert shown(text) == [
        "- one goes on",
        "- two",
        "second paragraph",
        "term: its meaning",
        "Said:",
        "quoted text",
        "#. first",
        "verse",
    ]


def test_document_fields_are_dropped_and_footnotes_keep_their_text():
    assert shown(":orphan:\n:author: Me\n\nText. [1]_\n\n.. [1] The note.\n") == ["Text.", "The note."]


def test_transitions_are_no_headings():
    assert [s.headings for s in read_rst("one\n\n----------\n\ntwo")] == [()]


@pytest.mark.parametrize(
    "text",
    ["`" * 50_000, "*a" * 50_000, ":a:`" * 30_000, "\n".join(" " * i + "- x" for i in range(400)), "_" * 50_000,
     "|a" * 50_000, "+-" * 20_000 + "+", ".. " * 30_000, "\n".join(["=" * 10] * 20_000), "``a" * 40_000],
    ids=range(10),
)  # fmt: skip
def test_hostile_markup_is_read_in_linear_time(text):
    assert takes_less(3, lambda: read_rst(text))  # 0.1 at most
