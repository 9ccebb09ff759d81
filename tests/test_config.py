"""Settings: which value wins, where it came from, and what is refused."""

import pytest

from kedrec.config import load
from kedrec.errors import ConfigError


def test_flags_beat_environment_beats_file_beats_default(tmp_path):
    (tmp_path / "kedrec.toml").write_text('model = "openai:file"\npassages = 2\nretries = 1\n')
    env = {"KEDREC_MODEL": "openai:env", "KEDREC_PASSAGES": "3"}
    resolved = load({"model": "openai:flag", "setting": None}, env=env, cwd=tmp_path)
    settings = resolved.settings
    assert (settings.model, settings.passages, settings.retries, settings.setting) == ("openai:flag", 3, 1, "both")
    assert resolved.origin["model"] == "flag"
    assert resolved.origin["passages"] == "environment KEDREC_PASSAGES"
    assert resolved.origin["retries"].startswith("file ")
    assert resolved.origin["setting"] == "default"


@pytest.mark.parametrize(
    ("file", "env", "words"),
    [
        ("modle = 1", {}, "Did you mean `model`"),
        ("", {"KEDREC_SETING": "both"}, "Did you mean `setting`"),
        ("", {"KEDREC_SETTING": "all"}, "Setting `setting`"),
        ("passages = -1", {}, "Setting `passages`"),
        ("this is not toml", {}, "not valid TOML"),
    ],
)
def test_unknown_keys_and_wrong_values_are_refused_with_a_hint(tmp_path, file, env, words):
    (tmp_path / "kedrec.toml").write_text(file)
    with pytest.raises(ConfigError, match=words):
        load(env=env, cwd=tmp_path)


def test_a_key_never_shows_in_the_settings_printed(tmp_path):
    settings = load(env={"KEDREC_API_KEY": "sk-secret"}, cwd=tmp_path).settings
    assert "sk-secret" not in repr(settings) + settings.model_dump_json()
