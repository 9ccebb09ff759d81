"""The API does what its OpenAPI says: requests made up from the description find no answer that it does not allow."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from web_server import serving
from world import build

EXAMPLES = settings(
    max_examples=3, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
MAY_REFUSE = [positive_data_acceptance]
"""A chat of the right form may still hold nothing to answer: that is 400, as described."""


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    with serving(build(tmp_path_factory.mktemp("world") / "home")) as web:
        described = schemathesis.openapi.from_url(f"{web.base_url}api/openapi.json")
        yield [found.ok() for found in described.include(path_regex="^/(api|v1)/").get_all_operations()]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_request_gets_an_answer_that_is_not_described(operations, mode):
    assert len(operations) > 15
    for operation in operations:
        takes_anything = mode == GenerationMode.NEGATIVE and not (operation.body or operation.query)
        if not takes_anything:
            _ask(operation, mode)


def _ask(operation, mode):
    @EXAMPLES
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        case.call_and_validate(excluded_checks=MAY_REFUSE if operation.path.startswith("/v1/") else [])

    check()
