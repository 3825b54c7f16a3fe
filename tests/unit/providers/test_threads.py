import pytest

from seedbed.core.errors import ConfigError
from seedbed.providers.threads import choose_threads, usable_cores


@pytest.mark.parametrize(
    ("cores", "load", "threads"), [(1, 0.0, 1), (2, 0.0, 1), (8, 0.0, 8), (8, 5.2, 3), (8, 99.0, 1), (64, 0.3, 8)]
)
def test_threads_leave_busy_cores_alone(cores, load, threads):
    assert choose_threads({}, cores=cores, load=load) == threads


def test_the_environment_decides_and_seedbeds_own_variable_goes_first():
    assert choose_threads({"OMP_NUM_THREADS": "3"}, cores=2, load=0.0) == 3
    assert choose_threads({"OMP_NUM_THREADS": "4,2"}, cores=2, load=0.0) == 4
    assert choose_threads({"OMP_NUM_THREADS": "3", "SEEDBED_THREADS": "5"}, cores=2, load=0.0) == 5
    assert choose_threads({"SEEDBED_THREADS": " "}, cores=2, load=0.0) == 1


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_variable_that_is_no_number_is_named(value):
    with pytest.raises(ConfigError) as caught:
        choose_threads({"SEEDBED_THREADS": value})
    assert caught.value.place == {"variable": "SEEDBED_THREADS"}


def test_this_machine_has_a_core_and_gets_a_thread():
    assert usable_cores() >= 1
    assert choose_threads({}) >= 1
