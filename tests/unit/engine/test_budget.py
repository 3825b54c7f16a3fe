"""Nothing is sent that could pass the limit."""

import pytest

from seedbed.core.errors import BudgetExceededError, ConfigError
from seedbed.engine.budget import Budget


def test_without_limits_everything_goes():
    budget = Budget()
    budget.settle(budget.reserve(10**9, None, model="m"), tokens=10**9, cost_usd=None)
    assert budget.spent_tokens == 10**9


def test_open_reservations_count():
    budget = Budget(max_tokens=100)
    budget.reserve(60, None, model="m")
    with pytest.raises(BudgetExceededError) as caught:
        budget.reserve(60, None, model="m")
    assert caught.value.place == {"limit": 100, "unit": "tokens", "spent": 0}
    assert caught.value.exit_code == 6


def test_what_was_reserved_too_much_is_free_again():
    budget = Budget(max_tokens=100)
    budget.settle(budget.reserve(90, None, model="m"), tokens=30, cost_usd=None)
    budget.reserve(70, None, model="m")
    with pytest.raises(BudgetExceededError):
        budget.reserve(1, None, model="m")


def test_a_released_reservation_costs_nothing():
    budget = Budget(max_cost_usd=1.0)
    budget.release(budget.reserve(10, 1.0, model="m"))
    budget.reserve(10, 1.0, model="m")
    assert budget.spent_usd == 0.0


def test_money_is_limited_to_the_cent():
    budget = Budget(max_cost_usd=0.03)
    for _ in range(3):
        budget.settle(budget.reserve(5, 0.01, model="m"), tokens=5, cost_usd=0.01)
    with pytest.raises(BudgetExceededError, match=r"0\.03 USD"):
        budget.reserve(5, 0.01, model="m")


def test_a_money_limit_needs_a_price():
    with pytest.raises(ConfigError) as caught:
        Budget(max_cost_usd=1.0).reserve(10, None, model="openai:brand-new")
    assert caught.value.stable_code == "unknown_price"
    assert "openai:brand-new" in caught.value.message
    assert "prices" in caught.value.fix and "seedbed.yaml" in caught.value.fix


def test_a_token_limit_needs_no_price():
    Budget(max_tokens=100).reserve(10, None, model="m")


def test_what_an_earlier_run_spent_counts():
    budget = Budget(max_tokens=100)
    budget.start_from(tokens=95, cost_usd=None)
    with pytest.raises(BudgetExceededError):
        budget.reserve(10, None, model="m")


def test_calls_can_be_limited():
    budget = Budget(max_calls=2)
    for _ in range(2):
        budget.settle(budget.reserve(10, None, model="m"), tokens=10, cost_usd=None)
    with pytest.raises(BudgetExceededError, match="2 calls"):
        budget.reserve(10, None, model="m")
