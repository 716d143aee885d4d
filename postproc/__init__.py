"""From a mask to a landslide inventory: hooks that a config lists, and what they share."""

from postproc.consistency_evaluator import ConsistencyEvaluator
from postproc.geologic_filter import GeologicFilter
from postproc.inventory_statistics import InventoryStatistics
from postproc.temporal_difference import TemporalDifference
from postproc.vectoriser import Vectoriser

# Importing the package registers these; POSTPROC does so when it is first asked for a name.
__all__ = [
    'ConsistencyEvaluator',
    'GeologicFilter',
    'InventoryStatistics',
    'TemporalDifference',
    'Vectoriser',
]
