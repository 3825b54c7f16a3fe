import pytest

from seedbed.sources.hypertext import declared_charset, read_html


def blocks(text):
    return [(b.kind, b.text) for s in read_html(text) for b in s.blocks]


def test_page_furniture_is_dropped():
    page = """<html><head><title>T</title><style>p{}</style><script>x()</script></head><body>
    <nav><ul><li>Home</ul></nav><header>Site</header><div role="search">find</div><div hidden>secret</div>
    <p>Real.</p><aside>ad</aside><form>mail</form><footer>foot</footer></body></html>"""
    assert blocks(page) == [("text", "Real.")]


def test_a_header_inside_the_article_holds_its_title():
    (section,) = read_html("<article><header><h1>Title <a class='headerlink'>¶</a></h1></header><p>x</p></article>")
    assert section.headings == ("Title",)


def test_what_stands_in_main_is_all_that_counts():
    page = "<title>T</title><p>Skip to content</p><main><p>Real.</p></main><div>Press ? for help</div>"
    assert [(s.headings, [b.text for b in s.blocks]) for s in read_html(page)] == [(("T",), ["Real."])]


def test_headings_make_the_path_and_the_title_stands_in():
    page = "<title>Page</title><h1>A</h1><p>1</p><h3>B</h3>2<h2>C</h2><p>3</p>"
    assert [s.headings for s in read_html(page)] == [("A",), ("A", "B"), ("A", "C")]
    assert read_html("<title>Page</title><p>x</p>")[0].headings == ("Page",)


def test_code_is_kept_with_its_language_and_indentation():
    code = '<pre><span class="linenos">1</span><span>def</span> f():\n    pass\n</pre>'
    (section,) = read_html(f'<div class="highlight-python notranslate">{code}</div>')
    assert [(b.kind, b.text, b.language) for b in section.blocks] == [("code", "def f():\n    pass", "python")]


def test_entities_inline_code_and_breaks():
    assert blocks("<p>a &amp; b\n <code>x &lt; y</code> <b>bold</b><br>next</p>") == [
        ("text", "a & b `x < y` bold\nnext")
    ]


def test_lists_tables_and_definitions_are_readable():
    page = """<ul><li>one<ul><li>deep</li></ul></li></ul><ol><li>a</li><li><p>b</p></li></ol>
    <table><tr><th>N</th><th>V</th></tr><tr><td>x</td><td><p>1</p></td></tr></table><dl><dt>t</dt><dd>def</dd><dt>lone</dt></dl>"""
    assert [t for _, t in blocks(page)] == ["- one", "  - deep", "1. a", "2. b", "N: x; V: 1", "t: def", "lone"]


@pytest.mark.parametrize(
    "page",
    [
        "<![foo[ text",
        "<!-- open text",
        "<p>text",
        "</p></ul></table></pre>text",
        "<pre>text",
        "<td>text",
        "&#xd800; text",
    ],
)
def test_broken_markup_does_not_fail(page):
    assert all("text" in t for _, t in blocks(page))


def test_the_declared_charset_is_found():
    assert declared_charset(b'<meta charset="iso-8859-1">') == "iso-8859-1"
    assert declared_charset(b"<p>") is None
