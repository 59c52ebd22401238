"""Referring expressions, read from the files in which they are published.

======================  =======================================================================
``plain_pickle``        pickles of plain data, without the power of pickles to run code
``expression``          what a file gives: words, picture, box, split
``refer_files``         RefCOCO's original ``refs(unc).p`` and ``instances.json``
``row_files``           rows as Shikra, Qwen-VL and lmms-eval read them, and your own
``coco_files``          MDETR's and Ferret's COCO-like files
``ofa_files``           OFA's tables with the pictures in them
``flickr_files``        the phrases of Flickr30k Entities
``distractors``         how many other things of the same class a picture holds
``opening``             from a path to a reader
======================  =======================================================================
"""

from __future__ import annotations

from twist_scout.data.referring.expression import ReferringExpression
from twist_scout.data.referring.opening import READERS, open_referring
from twist_scout.data.referring.reader import ReferringReader

__all__ = ["READERS", "ReferringExpression", "ReferringReader", "open_referring"]
