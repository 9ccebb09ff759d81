"""One settings model: defaults < kedrec.toml < KEDREC_… < flags; unknown keys are refused."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from kedrec.errors import ConfigError
from kedrec.records import Corpora

__all__ = ["ENV_PREFIX", "Resolved", "Settings", "load"]

ENV_PREFIX = "KEDREC_"
FILE_NAME = "kedrec.toml"
NOT_SETTINGS = {"KEDREC_REAL_DATA"}
"""Variables with our prefix that only the tests and benchmarks read."""


class Settings(BaseModel):
    """Everything that can be set; see `kedrec config`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("kedrec")))
    """Folder below which all state lives."""
    model: str = "offline"
    """Chat model: offline, student, openai:MODEL, local:PATH_OR_HUB_ID[+ADAPTER] or replay:TRACE."""
    base_url: str | None = None
    """Address of an OpenAI-compatible server; OpenAI's own where empty."""
    api_key: SecretStr | None = None
    """Key for it; OPENAI_API_KEY is read where empty."""
    setting: Corpora = "both"
    """Which corpora are used: none, trials, articles or both."""
    timeout: float = Field(60.0, gt=0)
    """Seconds to wait for one answer of the chat model."""
    retries: int = Field(3, ge=0)
    """How often a model call that may succeed again is repeated."""
    patience: float = Field(120.0, ge=0)
    """Seconds for which a call that the server turns away as one too many (429) is repeated."""
    requests_per_minute: int = Field(0, ge=0)
    """Model calls a minute that the server allows; 0 for no limit that is known."""
    tokens_per_minute: int = Field(0, ge=0)
    """Tokens a minute, sent and received together, that the server allows; 0 for no limit that is known."""
    temperature: float = Field(0.0, ge=0)
    """Sampling temperature."""
    least_confidence: float = Field(0.7, ge=0, le=1)
    """Below this confidence there is no choice, only a leaning; the default is right in 70 of 100."""
    max_output_tokens: int = Field(2048, ge=16)
    """Tokens of one answer of the model."""
    evidence_tokens: int = Field(900, ge=100)
    """Tokens of evidence in one message to the model, four characters each; more for a teacher with room."""
    max_steps: int = Field(60, ge=8)
    """Steps of the graph for one question."""
    max_tool_calls: int = Field(12, ge=0)
    """Tool calls that the model may make itself, for one question."""
    max_repeated_calls: int = Field(2, ge=1)
    """How often the model may make the very same tool call."""
    max_tokens: int = Field(200_000, ge=1)
    """Tokens, sent and received together, for one question."""
    max_cost: float = Field(1.0, ge=0)
    """US dollars for one question."""
    input_price: float = Field(0.0, ge=0)
    """US dollars per million tokens sent."""
    output_price: float = Field(0.0, ge=0)
    """US dollars per million tokens received."""
    passages: int = Field(4, ge=1)
    """Passages per drug and corpus that are shown to the model."""
    bm25_candidates: int = Field(80, ge=1)
    """Chunks that the first retrieval step hands to the second."""
    until: str | None = Field(
        None, pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$", coerce_numbers_to_str=True
    )
    """Literature is cut after this day, month or year (2015-06-30, 2015-06, 2015); what has no date does not count."""
    hub_limit: int = Field(500, ge=1)
    """Entities with more neighbours than this are not walked through."""
    drkg_address: str | None = None
    """Address that DRKG is fetched from; the published one where empty."""
    store: Literal["embedded", "neo4j"] = "embedded"
    """Where the graph is kept: embedded (in the home) or neo4j."""
    neo4j_uri: str = "bolt://127.0.0.1:7687"
    """Address of the Neo4j server."""
    neo4j_user: str = "neo4j"
    """User of the Neo4j server."""
    neo4j_password: SecretStr | None = None
    """Password of that user."""
    neo4j_database: str = "neo4j"
    """Database of the Neo4j server."""
    model_cypher: bool = False
    """Whether the model may ask Neo4j in Cypher of its own, read only; never where pairs are hidden."""
    cypher_timeout: float = Field(5.0, gt=0, le=600)
    """Seconds for one query of a model's or a user's own."""
    cypher_rows: int = Field(50, ge=1, le=10_000)
    """Rows of one answer to such a query."""
    embedder: str = "minilm"
    """What passages are compared by: minilm, sentence-transformers:PATH, medcpt:PATH or openai:MODEL."""
    embedder_url: str | None = None
    """Address of an OpenAI-compatible server for embeddings; that of `base_url` where empty."""
    chroma_url: str | None = None
    """Address of a Chroma server (`chroma run`), such as http://127.0.0.1:8000; the home's own folder where empty."""
    embed: Literal["auto", "always", "never"] = "auto"
    """Whether `literature add` embeds at once; auto: where that takes under a minute or so."""
    live: bool = False
    """Whether the tools ask PubMed and ClinicalTrials.gov where the home has too little on a pair."""
    live_most: int = Field(50, ge=1, le=9_999)
    """Records that the tools fetch of one source for one pair."""
    live_days: float = Field(7.0, ge=0)
    """Days for which an answer of these servers is kept and used again."""
    live_timeout: float = Field(30.0, gt=0)
    """Seconds without a byte after which a request to them is given up."""
    live_retries: int = Field(3, ge=0)
    """How often such a request that may succeed again is repeated."""
    eutils_url: str = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
    """Address of NCBI's E-utilities (PubMed, PubMed Central)."""
    trials_url: str = "https://clinicaltrials.gov/api/v2"
    """Address of the API of ClinicalTrials.gov."""
    ncbi_email: str | None = None
    """Address by which NCBI may reach you; it asks for one."""
    ncbi_api_key: SecretStr | None = None
    """Key of an NCBI account: 10 requests a second in place of 3."""
    weights: Path | None = None
    """Folder of the weights of the offline model, made by `kedrec model fit`; the shipped ones where empty."""
    derive: bool = True
    """Whether loading a graph or literature also derives what the offline model weighs with."""
    workers: int = Field(8, ge=1)
    """Pairs in flight in a run."""
    engine: Literal["direct", "batch", "processes", "ray"] = "direct"
    """How a run is worked on: direct (by this process), batch (OpenAI's Batch API), processes (several here) or ray."""
    shards: int | None = Field(None, ge=1)
    """Parts of the work that are done side by side, by processes or by Ray; one per processor where empty."""
    ray_address: str | None = None
    """Address of a Ray cluster, or auto for the one that this machine belongs to; one is started here where empty."""
    batch_workers: int = Field(5000, ge=1)
    """Pairs in flight in a run by batch: as many as wait for one wave of batches."""
    batch_price: float = Field(0.5, ge=0, le=1)
    """What a call in a batch costs, as a share of its price otherwise."""
    batch_requests: int = Field(50_000, ge=1, le=50_000)
    """Most requests of one batch."""
    batch_megabytes: int = Field(200, ge=1, le=200)
    """Most megabytes of its file."""
    batch_poll: float = Field(60.0, gt=0)
    """Most seconds between two looks at a batch; the first looks come sooner."""
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    """What is logged on stderr."""

    def secrets(self) -> dict[str, str]:
        """Every secret, by its name; empty where a secret is not set."""
        values = {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if SecretStr in (field.annotation, *get_args(field.annotation))
        }
        return {name: value.get_secret_value() if value else "" for name, value in values.items()}


class Resolved(BaseModel):
    """Settings, and where each value came from."""

    settings: Settings
    origin: dict[str, str]
    """Field -> `default`, `file PATH`, `environment KEDREC_…` or `flag`."""


def load(
    flags: Mapping[str, Any] | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Resolved:
    """Resolve the settings.

    Args:
        flags: values given on the command line; None means not given.
        env: environment; `os.environ` by default.
        cwd: folder with `kedrec.toml`; the current one by default.

    Raises:
        ConfigError: on an unknown key or a value that does not fit.
    """
    environment = os.environ if env is None else env
    names = [
        name
        for name in environment
        if name.startswith(ENV_PREFIX) and name not in NOT_SETTINGS and environment[name] != ""
    ]
    layers = [
        _from_file((cwd or Path.cwd()) / FILE_NAME),
        {name.removeprefix(ENV_PREFIX).lower(): (environment[name], f"environment {name}") for name in names},
        {key: (value, "flag") for key, value in (flags or {}).items() if value is not None},
    ]
    merged: dict[str, tuple[Any, str]] = {}
    for layer in layers:
        for key, (value, origin) in layer.items():
            if key not in Settings.model_fields:
                near = difflib.get_close_matches(key, Settings.model_fields, n=1)
                hint = f" Did you mean `{near[0]}`?" if near else " `kedrec config` lists all settings."
                raise ConfigError(f"Unknown setting `{key}` ({origin}).{hint}")
            merged[key] = (value, origin)
    return Resolved(
        settings=_validate(merged), origin={k: merged.get(k, (None, "default"))[1] for k in Settings.model_fields}
    )


def _from_file(path: Path) -> dict[str, tuple[Any, str]]:
    if not path.is_file():
        return {}
    try:
        return {key: (value, f"file {path}") for key, value in tomllib.loads(path.read_text("utf-8")).items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}. Mend it or move it away.") from error


def _validate(merged: Mapping[str, tuple[Any, str]]) -> Settings:
    try:
        settings = Settings.model_validate({key: value for key, (value, _) in merged.items()})
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        raise ConfigError(
            f"Setting `{key}` ({merged[key][1]}): {first['msg']}. `kedrec config` shows the defaults."
        ) from None
    home = settings.home
    if home.exists() and not home.is_dir():
        raise ConfigError(f"{home} is a file; the home (KEDREC_HOME, --home) must be a folder.")
    return settings
