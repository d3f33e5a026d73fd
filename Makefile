# make run serves the portal, make test checks everything. The rest is for those who change Sallyport.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
QR_DECODER := static/vendor/jsqr/jsQR.js

.PHONY: run test prove coverage bench pictures format lock messages assets

run: .venv/.run assets
	@PORT=$(PORT) exec $(BIN)/python manage.py demo

test: .venv/.dev
	@tests/packages
	@$(MAKE) --no-print-directory assets
	@tests/run

prove: .venv/.dev ## the long proofs, whose table goes into docs/evidence.md; races in full; everything on SQLite
	@tests/packages
	@$(MAKE) --no-print-directory assets
	@tests/prove

coverage: .venv/.dev ## everything on SQLite, and which lines that reaches
	@tests/packages
	@$(MAKE) --no-print-directory assets
	@tests/coverage

bench: .venv/.dev ## a table on the screen, and var/bench.json
	@$(BIN)/python -m bench

assets: $(QR_DECODER) ## jsQR, with which the authenticator reads QR codes where the browser itself cannot

pictures: .venv/.dev ## every page in var/screens, and the README's pictures
	@tests/packages
	@PICTURES=1 $(BIN)/python -m pytest tests/pages

format: .venv/.dev
	@$(BIN)/ruff check --fix --select I,RUF100,F401
	@$(BIN)/ruff format

lock: .venv/.dev ## after a change of the dependencies in pyproject.toml
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --no-strip-extras --no-header pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --universal --no-strip-extras --no-header --extra dev pyproject.toml -o requirements-dev.txt

messages: .venv/.dev ## collect texts to translate, and compile the translations
	@SALLYPORT_DEMO=1 $(BIN)/python manage.py makemessages --all --no-obsolete --ignore .venv --ignore var
	@SALLYPORT_DEMO=1 $(BIN)/python manage.py compilemessages --ignore .venv

# The stamps say which lock the environment was made from; uv installs it faster where it is there.
.venv/.run: requirements.txt | .venv
.venv/.dev: requirements-dev.txt | .venv
.venv/.run .venv/.dev:
	@echo "Installing $< …"
	@if command -v uv >/dev/null; then uv pip install --quiet --python .venv --require-hashes -r $<; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<; fi
	@touch $@

.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Sallyport needs Python 3.11 or newer: make PYTHON=python3.x")'
	@$(PYTHON) -m venv $@

# Nothing fails without it: the app then asks for the code beside the QR code.
$(QR_DECODER): package-lock.json
	@if ! command -v npm >/dev/null; then echo "No Node here: the authenticator reads QR codes only where the browser can."; \
	elif npm ci --silent --ignore-scripts --no-audit --no-fund; then \
		mkdir -p $(@D) && cp node_modules/jsqr/LICENSE $(@D)/ && cp node_modules/jsqr/dist/jsQR.js $@; \
	else echo "jsQR could not be installed: the authenticator reads QR codes only where the browser can."; fi
