import importlib.util
import io
import sys
import zipfile

import pytest

from seedbed.core.config import parse_options
from seedbed.core.errors import ConfigError, InputError, MissingExtraError
from seedbed.core.identity import seed_uid
from seedbed.sources.documents import DocumentOptions, DocumentSource
from seedbed.sources.report import SourceReport

LONG = " ".join(f"Sentence {i} tells the reader something new." for i in range(100))

needs_markitdown = [
    pytest.mark.extra("documents"),
    pytest.mark.skipif(importlib.util.find_spec("markitdown") is None, reason="the extra 'documents' is not installed"),
]


def collect(location, **options):
    report = SourceReport()
    return list(DocumentSource().collect(str(location), DocumentOptions(**options), report)), report


def test_chunks_know_document_headings_and_position(tmp_path):
    (tmp_path / "guide.md").write_text(f"# Guide\n\n{LONG}\n\n## Use\n\n{LONG}")
    seeds, _ = collect(tmp_path)
    assert {s.source for s in seeds} == {(tmp_path / "guide.md").as_posix()}
    assert [s.position for s in seeds] == list(range(len(seeds)))
    assert list(dict.fromkeys(s.headings for s in seeds)) == [("Guide",), ("Guide", "Use")]
    assert all(s.uid == seed_uid(s.source, s.position, s.text) and len(s.text) <= 1200 for s in seeds)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", "# T\n\nBody **text**."),
        ("a.rst", "T\n=\n\nBody *text*."),
        ("a.txt", "Body text."),
        ("a.html", "<h1>T</h1><p>Body <b>text</b>.</p>"),
        ("A.HTM", "<h1>T</h1><p>Body text.</p>"),
    ],
)
def test_each_format_is_read_without_its_markup(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    ((seed,), _) = collect(tmp_path / name)
    assert seed.text == "Body text."
    assert seed.headings == (() if name == "a.txt" else ("T",))


def test_a_bad_file_does_not_stop_the_others(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\x00\x01\x02" * 50)
    (tmp_path / "b.txt").write_text("Good text.")
    (tmp_path / "c.txt").write_text("")
    (tmp_path / "d.png").write_bytes(b"x")
    seeds, report = collect(tmp_path)
    assert [s.text for s in seeds] == ["Good text."]
    assert [e.place["file"][-5:] for e in report.issues] == ["a.txt"]
    assert [(f.source[-5:], f.seeds, f.note) for f in report.files] == [
        ("a.txt", 0, "not read"),
        ("b.txt", 1, ""),
        ("c.txt", 0, "empty"),
    ]
    assert [(p[-5:], why) for p, why in report.skipped] == [("d.png", "not a document: .png")]


def test_reading_strictly_raises_the_first_error(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\x00\x01\x02" * 50)
    with pytest.raises(InputError, match=r"a\.txt"):
        list(DocumentSource().read(str(tmp_path), DocumentOptions()))


def test_a_guessed_encoding_is_noted(tmp_path):
    (tmp_path / "a.txt").write_bytes("Café “crème”.".encode("cp1252"))
    (seed,), report = collect(tmp_path)
    assert seed.text == "Café “crème”."
    assert seed.meta == {"encoding": "cp1252"}
    assert report.files[0].note == "read as cp1252"


def test_html_is_read_in_the_encoding_it_declares(tmp_path):
    (tmp_path / "a.html").write_bytes('<meta charset="koi8-r"><p>Привет</p>'.encode("koi8-r"))
    assert collect(tmp_path)[0][0].text == "Привет"


def test_max_chunks_is_shared_by_the_documents(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(LONG + name)
    seeds, _ = collect(tmp_path, max_chunks=6)
    assert [s.source[-5] for s in seeds] == list("aabbcc")


def test_options_are_checked_together():
    for wrong in ({"chunk_size": 10}, {"chunk_overlap": 600}, {"min_chunk": 5000}, {"chunksize": 500}):
        with pytest.raises(ConfigError):
            parse_options(DocumentOptions, wrong)


def test_a_missing_extra_names_the_install_line_and_the_other_files_go_on(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "markitdown", None)
    monkeypatch.setitem(sys.modules, "pdfminer", None)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    write_docx(tmp_path / "a.docx")
    (tmp_path / "b.txt").write_text("Good text.")
    seeds, report = collect(tmp_path)
    assert [s.text for s in seeds] == ["Good text."]
    assert [type(e) for e in report.issues] == [MissingExtraError] * 2
    assert {e.fix for e in report.issues} == {'pip install "seedbed[documents]"'}


def empty_zip():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("readme.txt", "not a document")
    return target.getvalue()


def write_docx(path):
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{main}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "word/styles.xml": f'<w:styles xmlns:w="{word}"><w:style w:type="paragraph" w:styleId="Heading1">'
        '<w:name w:val="heading 1"/></w:style></w:styles>',
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body><w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>'
        "<w:r><w:t>Report</w:t></w:r></w:p><w:p><w:r><w:t>The yield was high.</w:t></w:r></w:p></w:body></w:document>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}')


def write_pdf(path):
    stream = b"BT /F1 24 Tf 72 720 Td (The yield was high.) Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(out)
    path.write_bytes(out + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer)


def write_pptx(path):
    import pptx

    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Report"
    slide.placeholders[1].text = "The yield was high."
    deck.save(str(path))


@pytest.mark.parametrize(
    "name", [pytest.param(f"a.{ending}", marks=needs_markitdown) for ending in ("docx", "pdf", "pptx")]
)
def test_office_documents_are_read(tmp_path, name):
    {"a.docx": write_docx, "a.pdf": write_pdf, "a.pptx": write_pptx}[name](tmp_path / name)
    seeds, report = collect(tmp_path)
    assert report.issues == []
    assert "The yield was high." in seeds[0].text
    assert seeds[0].headings == (() if name == "a.pdf" else ("Report",))


@pytest.mark.parametrize(
    "name", [pytest.param(f"a.{ending}", marks=needs_markitdown) for ending in ("docx", "pdf", "pptx")]
)
@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 not really", b"%PDF-1.4 nothing", empty_zip()], ids=["pk", "pdf", "zip"]
)
def test_a_broken_office_document_is_an_issue_that_names_it(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    seeds, report = collect(tmp_path)
    assert seeds == []
    assert [type(e) for e in report.issues] == [InputError]
    assert report.issues[0].place["file"].endswith(name)
