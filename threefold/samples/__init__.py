"""Sample formats: tables, images and arrays as input codes of a network.

A format is a module of this package with a subclass of :class:`Format`, which is found by itself.
What a network was trained with is kept in its provenance as a :class:`Preparation`, so that other
rows and images become codes in the same way.
"""

from .classes import class_names, split
from .encoder import Encoder
from .format import Format, Learned
from .kinds import KINDS, kind_for
from .learn import Prepared, fresh, prepare
from .preparation import Preparation, preparation_of
from .samples import Samples
from .words import IMAGE, SampleWords, sample_words

__all__ = [
    "IMAGE",
    "KINDS",
    "Encoder",
    "Format",
    "Learned",
    "Preparation",
    "Prepared",
    "SampleWords",
    "Samples",
    "class_names",
    "fresh",
    "kind_for",
    "preparation_of",
    "prepare",
    "sample_words",
    "split",
]
