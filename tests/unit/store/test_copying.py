from seedbed.store.copying import copy_to
from seedbed.store.file import DatasetFile


def test_a_copy_holds_what_is_committed_and_is_another_file(tmp_path):
    with DatasetFile.create(tmp_path / "a.db") as file:
        file.meta.set("seen", 1)
        copy_to(file.path, tmp_path / "b.db")
        file.meta.set("seen", 2)
        with DatasetFile.open(tmp_path / "b.db") as copy:
            assert copy.meta.get("seen") == 1
            copy.meta.set("seen", 3)
        assert file.meta.get("seen") == 2
