# make demo | make test | make lint | make docs | make coverage: each creates .venv and installs what
# it needs first; make demo the base alone, which maps without PyTorch, the others everything.

VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/.base
STAMP := $(VENV)/.installed

# PYTHON=... overrides the search; 3.11 first, as constraints.txt was frozen there.
PYTHON ?= $(shell for candidate in python3.11 python3 python3.12 python3.13; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v $$candidate && break; done)

# Workers must not fight over the cores: one thread each, as many workers as cores, four at most.
TEST_THREADS ?= 1
PYTEST_ARGS ?= -n auto --maxprocesses 4 --dist loadfile

# make demo NETWORK=FOLDER maps with another exported network than the shipped one; with
# NETWORK='CONFIG CHECKPOINT' after make install.
NETWORK ?=
# make bundle PLATFORM=TAG is for machines whose wheels have that tag.
PLATFORM ?=
MAX_BYTES := 25000000

# As variables the constraints reach pip's isolated builds too, by their old and new name.
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
	$(BIN)/python -m pip --disable-pip-version-check --no-input

.PHONY: help install demo test coverage lint docs plugin bundle format clean distclean
.DELETE_ON_ERROR:

help:
	@echo 'make demo       map the landslides of the 2018 Hokkaido earthquake into demo/out/'
	@echo 'make test       run the test suite (PYTEST_ARGS=... for other pytest options)'
	@echo 'make coverage   run it and say which part of the code it reaches; takes longer'
	@echo 'make lint       check style, format, types and file sizes'
	@echo 'make docs       build the documentation into site/'
	@echo 'make plugin     zip the plug-in for QGIS into dist/landslides.zip'
	@echo 'make bundle     write a folder into dist/ that installs the base without a network;'
	@echo '                PLATFORM=win_amd64 and the like for other systems than this one'
	@echo 'make format     let ruff mend what it can'
	@echo 'make install    create $(VENV) with everything, and stop there'
	@echo 'make clean      delete products and caches; distclean deletes $(VENV) too'

install: $(STAMP)

# Makes $(VENV) where there is none.
define need-venv
@test -n '$(PYTHON)' || { echo >&2 'No Python 3.11 or newer was found on PATH; install' \
	'one, or name it: make PYTHON=/path/to/python3.11 ...'; exit 2; }
@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo >&2 \
	'$(PYTHON) is not Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11 ...'; \
	exit 2; }
@'$(BIN)/python' -m pip --version >/dev/null 2>&1 || '$(PYTHON)' -m venv --clear $(VENV) || \
	{ echo >&2 'Could not create $(VENV); on Debian and Ubuntu the package python3-venv' \
	'of that Python is needed.'; exit 2; }
endef

$(BASE): setup.py constraints.txt
	$(need-venv)
	$(PIP) install --progress-bar off -e .
	$(BIN)/python -m dfpenet_mm.installation
	@touch $@

$(STAMP): setup.py constraints.txt
	$(need-venv)
	$(PIP) install --progress-bar off -e '.[train,export,ray,test,lint,docs]'
	@# onedl-mmcv asks for opencv-python, whose cv2 needs libGL and glib. The headless build
	@# of the same version has the same cv2 without them: it is written over the other one, so
	@# that a machine without a display works, and pip still finds what the packages ask for.
	@$(BIN)/python -c 'from cv2.version import headless; raise SystemExit(not headless)' \
		2>/dev/null || $(PIP) install --progress-bar off --no-deps --force-reinstall \
		opencv-python-headless
	$(BIN)/python -m dfpenet_mm.installation
	@touch $(BASE) $@

# What maps is a part of what is tested: whoever has all of it needs nothing more.
demo: $(if $(wildcard $(STAMP)),$(STAMP),$(BASE))
	$(BIN)/landslide-map $(NETWORK) --post demo/hokkaido_post.tif --pre demo/hokkaido_pre.tif \
		--out demo/out --overwrite

test: $(STAMP)
	OMP_NUM_THREADS=$(TEST_THREADS) $(BIN)/python -m pytest $(PYTEST_ARGS)

# Apart from make test: until Python 3.12 every line of every package costs the tracer a call.
coverage: $(STAMP)
	OMP_NUM_THREADS=$(TEST_THREADS) $(BIN)/python -m pytest $(PYTEST_ARGS) --cov --cov-report=
	@echo "The tests ran $$($(BIN)/python -m coverage report --format=total) % of the lines of" \
		'dfpenet_mm and postproc; $(BIN)/coverage report --show-missing lists the others.'

lint: $(STAMP)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	@for script in $(wildcard .ci/* tools/*.sh); do bash -n "$$script" || exit 1; done
	$(BIN)/hadolint Dockerfile
	@large=$$(git ls-files -z 2>/dev/null | xargs -0 -r sh -c \
		'find "$$@" -maxdepth 0 -size +$(MAX_BYTES)c 2>/dev/null' find-large); \
		test -z "$$large" || { echo >&2 "Larger than $(MAX_BYTES) bytes:" $$large; exit 1; }

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# The standard library does it: no environment is needed.
plugin:
	@'$(PYTHON)' tools/zip_plugin.py

bundle: $(if $(wildcard $(STAMP)),$(STAMP),$(BASE))
	@$(BIN)/python tools/write_bundle.py $(if $(PLATFORM),--platform $(PLATFORM))

format: $(STAMP)
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

clean:
	rm -rf demo/out site build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis \
		.coverage .coverage.*
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -print0 | xargs -0 -r rm -rf

distclean: clean
	rm -rf $(VENV)
