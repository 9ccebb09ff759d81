"""Model specifications as users write them."""

from __future__ import annotations

import pytest

from kedrec.agents.open_model import check_spec, open_model, split_adapter
from kedrec.config import Settings
from kedrec.errors import ConfigError, NotReady


@pytest.mark.parametrize(
    "spec", ["", "gpt-4o", "offline:", "offline:x", "openai", "openai:", "local: ", "ftp:x", "scripted"]
)
def test_an_unknown_form_names_the_forms(spec, tmp_path):
    with pytest.raises(ConfigError, match=r"openai:MODEL.*local:PATH_OR_HUB_ID\[\+ADAPTER\].*replay:TRACE"):
        open_model(spec, Settings(home=tmp_path))


def test_a_model_name_may_have_colons():
    assert check_spec(" openai:ft:gpt:me ") == ("openai", "ft:gpt:me")


def test_an_adapter_stands_behind_the_last_plus(tmp_path):
    folder = tmp_path / "a+b"
    folder.mkdir()
    assert split_adapter("base+runs/adapter") == ("base", "runs/adapter")
    assert split_adapter(str(folder)) == (str(folder), None)
    assert split_adapter(f"{folder}+x") == (str(folder), "x")
    assert split_adapter("base") == ("base", None)


def test_each_form_opens_its_model(tmp_path):
    settings = Settings(home=tmp_path, base_url="http://127.0.0.1:9/v1")
    assert open_model("offline", settings)._llm_type == "offline"
    assert open_model("openai:tiny", settings).model == "tiny"
    with pytest.raises(NotReady):
        open_model("replay:nothing", settings)
