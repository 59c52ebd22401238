"""Data sets in the formats of others, there and back.

==============  ===========================================================  =====================================
``records``     this project's JSON lines                                    one record a line
``llava``       LLaVA's conversations                                        boxes as text, in a dialect
``swift``       ms-swift's rows with ``objects``                             the trainer writes the boxes
``shikra``      Shikra's grounded chains of thought                          phrases between marks
``coco``        COCO's instances                                             boxes and nouns alone
``parquet``     Parquet shards                                               pictures inside
``webdataset``  tar shards                                                   pictures inside
==============  ===========================================================  =====================================

What each format has no place for is said by :attr:`Format.loses`; everything else comes back.
"""

from __future__ import annotations

from twist_scout.scout.exporters.base import Format
from twist_scout.scout.exporters.exporting import FORMATS, Exported, export, read, recognise

__all__ = ["FORMATS", "Exported", "Format", "export", "read", "recognise"]
