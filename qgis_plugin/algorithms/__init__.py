"""The algorithms of the provider, in the order of the work."""

from .audit import DrawAudit, EstimateAudit
from .checkup import CheckInstallation
from .evaluate import EvaluateInventory
from .fetch import FetchImages
from .finish import FinishReview
from .map_images import MapLandslides
from .set_up import SetUp
from .teach import TeachReview

ALGORITHMS = (
    SetUp,
    CheckInstallation,
    FetchImages,
    MapLandslides,
    FinishReview,
    TeachReview,
    DrawAudit,
    EstimateAudit,
    EvaluateInventory,
)
