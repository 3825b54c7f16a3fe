import re

import pytest

from seedbed.quality.language import other_language

SENTENCES = {
    "en": "The file is opened by the first process and it can be read by all of the others while it is being written.",
    "de": "Die Datei wird von dem ersten Prozess geöffnet und kann von den anderen gelesen "
    "werden, während er sie schreibt.",
    "fr": "Le fichier est ouvert par le premier processus et il peut être lu par les autres pendant que il écrit.",
    "es": "El archivo es abierto por el primer proceso y puede ser leído por los otros mien"
    "tras que este lo está escribiendo.",
    "it": "Il file è aperto dal primo processo e può essere letto dagli altri mentre questo lo scrive con la rete.",
    "pt": "O arquivo é aberto pelo primeiro processo e pode ser lido por outros enquanto nã"
    "o está a ser escrito com a rede.",
    "nl": "Het bestand wordt door het eerste proces geopend en kan door de andere worden ge"
    "lezen terwijl het wordt geschreven.",
    "pl": "Plik jest otwierany przez pierwszy proces i może być czytany przez inne, które n"
    "ie piszą do niego, jak się to robi.",
    "ru": "Файл открывается первым процессом и может быть прочитан другими, пока он записывается на диск.",
    "zh": "文件由第一个进程打开，在写入的同时可以被其他进程读取，这样就不需要同步。",
    "ja": "ファイルは最初のプロセスによって開かれ、書き込み中でも他のプロセスから読み取ることができます。",
    "ko": "파일은 첫 번째 프로세스에 의해 열리며 쓰는 동안 다른 프로세스가 읽을 수 있습니다.",
    "ar": "يتم فتح الملف بواسطة العملية الأولى ويمكن قراءته بواسطة العمليات الأخرى أثناء كتابته.",
    "hi": "फ़ाइल को पहली प्रक्रिया द्वारा खोला जाता है और लिखे जाने के दौरान अन्य प्रक्रियाएं उसे पढ़ सकती हैं।",
    "el": "Το αρχείο ανοίγει από την πρώτη διεργασία και μπορεί να διαβαστεί από τις άλλες ενώ γράφεται.",
}


def told(text: str, expected: str) -> str | None:
    return other_language(text, re.findall(r"[^\W\d_]+", text.lower()), expected)


@pytest.mark.parametrize("language", SENTENCES)
def test_a_text_in_the_expected_language_passes(language):
    assert told(SENTENCES[language], language) is None


@pytest.mark.parametrize("written", SENTENCES)
@pytest.mark.parametrize("expected", ["en", "de", "ru", "zh"])
def test_another_language_is_named(written, expected):
    if written != expected and {written, expected} != {"zh", "ja"}:
        assert told(SENTENCES[written], expected) == written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Paris.", "de"),
        ("h5py.File", "ru"),
        ("x = y + z", "en"),
        ("", "en"),
        ("GROUP BY, ORDER BY, INNER JOIN, LEFT JOIN, CREATE TABLE, DROP TABLE, ALTER TABLE, INSERT INTO", "en"),
        ("α, β, γ and δ are the usual names of the angles in a figure", "en"),
        (SENTENCES["en"], "xx"),
        (SENTENCES["en"], "en-GB"),
        (SENTENCES["pt"], "pt_BR"),
        (SENTENCES["ru"], "uk"),
    ],
)
def test_what_is_not_sure_passes(text, expected):
    assert told(text, expected) is None
