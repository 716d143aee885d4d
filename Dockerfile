# landslide-map in a container, for a CPU or, with PyTorch, an NVIDIA GPU; docs/container.md says how to use it.
#
#   docker build --tag dfpenet_mm .
#   docker build --build-arg TORCH=cuda --build-arg EXTRAS=train --tag dfpenet_mm:cuda .

# none, cpu or cuda: the stage below from which the image is made. Mapping on a CPU needs none;
# cpu and cuda want EXTRAS=train.
ARG TORCH=none
# The Python that constraints.txt was frozen with.
ARG PYTHON=3.11.14

FROM python:${PYTHON}-slim-bookworm AS base
# As variables the constraints reach pip's isolated builds too, as in the Makefile.
ENV PIP_CONSTRAINT=/build/constraints.txt \
    PIP_BUILD_CONSTRAINT=/build/constraints.txt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_INPUT=1 \
    PATH=/opt/dfpenet/bin:$PATH
WORKDIR /build
COPY constraints.txt ./
RUN python -m venv /opt/dfpenet

FROM base AS torch-none

# PyTorch's CPU wheels have the same versions and need no nvidia package. Other packages on that
# index lag behind, so that nothing else comes from it.
FROM base AS torch-cpu
RUN pip install --no-cache-dir --constraint constraints.txt --no-deps \
    --index-url https://download.pytorch.org/whl/cpu torch torchvision

FROM base AS torch-cuda
RUN pip install --no-cache-dir --constraint constraints.txt torch torchvision

# hadolint ignore=DL3006
FROM torch-${TORCH} AS build
# Extras of setup.py, separated by commas: train for PyTorch, ray for a cluster.
ARG EXTRAS=
WORKDIR /build
COPY setup.py pyproject.toml README.md LICENSE ./
COPY configs ./configs
COPY checkpoints ./checkpoints
COPY postproc ./postproc
COPY dfpenet_mm ./dfpenet_mm
# mmcv asks for the OpenCV with windows; the one without is written over it, as in the Makefile.
RUN pip install --no-cache-dir --constraint constraints.txt ".${EXTRAS:+[$EXTRAS]}" \
    && if pip show --quiet opencv-python; then \
        pip install --no-cache-dir --constraint constraints.txt --no-deps --force-reinstall \
            opencv-python-headless; \
    fi

FROM python:${PYTHON}-slim-bookworm
LABEL org.opencontainers.image.title="dfpenet_mm" \
      org.opencontainers.image.description="Landslide inventories from pre- and post-earthquake images" \
      org.opencontainers.image.licenses="Apache-2.0"
# rasterio's wheels take libexpat from the system. Debian keeps one version of it a release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends --yes libexpat1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home dfpenet \
    && install --directory --owner=dfpenet --group=dfpenet /data
COPY --from=build /opt/dfpenet /opt/dfpenet
# Caches go to /tmp, so that any --user and a read-only image work; the name is for those whose
# number no account has. The NVIDIA runtime looks for its two variables, a CPU does not.
ENV PATH=/opt/dfpenet/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    LOGNAME=dfpenet \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN python -m dfpenet_mm.installation
USER 1000:1000
WORKDIR /data
VOLUME ["/data"]
ENTRYPOINT ["landslide-map"]
CMD ["--help"]
