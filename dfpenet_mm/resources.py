"""The shipped configs and weights, in a checkout, an editable install or a wheel."""

from pathlib import Path

from dfpenet_mm.errors import ConfigError, InputFileError, InstallError

PACKAGE_DIR = Path(__file__).resolve().parent
# In the folder of an exported network, its layers, and the settings with which it maps.
MODEL, MAPPING = 'model.xml', 'mapping.json'
# Its weights, and what it was made from.
WEIGHTS, CARD = 'model.bin', 'card.json'
EXPORTED = (MODEL, WEIGHTS, MAPPING, CARD)


def config_dir() -> Path:
    """Return the folder that holds the shipped configs.

    Raises:
        InstallError: if this installation carries none.
    """
    return find_folder('configs', PACKAGE_DIR)


def checkpoint_dir() -> Path:
    """Return the folder that holds the shipped weights and their model cards.

    Raises:
        InstallError: if this installation carries none.
    """
    return find_folder('checkpoints', PACKAGE_DIR)


def shipped_file(path: Path) -> Path:
    """Find a file that exists, or that ships under this path of the repository.

    So ``configs/dfpenet/landslide4sense_mobilenetv2.py`` works in any folder once the package is
    installed. A file that really lies under the path comes first.

    Args:
        path: as the user gave it.

    Returns:
        Where the file is; ``path`` itself if it is in neither place.
    """
    if path.exists() or path.is_absolute() or len(path.parts) < 2:
        return path
    folders = {'configs': config_dir, 'checkpoints': checkpoint_dir}
    top, *rest = path.parts
    if top not in folders:
        return path
    shipped = folders[top]().joinpath(*rest)
    return shipped if shipped.exists() else path


def find_folder(name: str, package_dir: Path) -> Path:
    """Find a shipped folder inside the package, as in a wheel, or beside it.

    The inside comes first: a wheel's neighbours in site-packages are other projects, one of
    which may well have a folder called ``configs``.

    Args:
        name: the folder's name at the top of the repository.
        package_dir: folder of the package ``dfpenet_mm``.

    Returns:
        The folder's absolute path.

    Raises:
        InstallError: if it is in neither place.
    """
    if (package_dir / name).is_dir():
        return package_dir / name
    checkout = package_dir.parent
    if (checkout / 'setup.py').is_file() and (checkout / name).is_dir():
        return checkout / name
    raise InstallError(
        f'This installation in {package_dir} came without its folder {name!r}; reinstall it '
        f'from a complete checkout with: pip install --force-reinstall --no-deps .'
    )


def is_exported(checkpoint: Path) -> bool:
    """Tell whether it is the folder of an exported network."""
    return (checkpoint / MODEL).is_file()


def network_files(config: Path | None, checkpoint: Path | None) -> tuple[Path, Path] | None:
    """Return the config and the weights of the network that a user names.

    Args:
        config: as the user gave it; the folder of an exported network needs no checkpoint.
        checkpoint: likewise.

    Returns:
        Both; None if neither was given, for the shipped network that suits the image.

    Raises:
        ConfigError: if one was given without the other.
        InputFileError: for a folder that lacks files of an exported network.
    """
    if config is None and checkpoint is None:
        return None
    folder = shipped_file(config or checkpoint or Path())
    if (config is None or checkpoint is None) and folder.is_dir():
        missing = [name for name in EXPORTED if not (folder / name).is_file()]
        if missing:
            raise InputFileError(
                f'{folder} is no whole exported network: {", ".join(missing)} missing; copy all of '
                f'its folder, or make it anew with landslide-map export'
            )
        return folder / MAPPING, folder
    if config is None or checkpoint is None:
        raise ConfigError(
            f'{config or checkpoint} was given alone; give CONFIG and the CHECKPOINT that fits it, '
            f'the folder of an exported network, or none of them for the shipped network, and an '
            f'image with --post or --pre'
        )
    return shipped_file(config), shipped_file(checkpoint)
