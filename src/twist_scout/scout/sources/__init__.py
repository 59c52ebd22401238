"""Readers of captioned and annotated pictures, one file for each way of storing them.

===================  ==================================================================================
``flickr30k:DIR``    Flickr30k Entities: ``Sentences/*.txt``, ``Annotations/*.xml``
``coco:FILE``        COCO captions and instances, each by itself or together
``vg:FILE``          Visual Genome's ``region_descriptions.json`` (``image_data.json`` beside it)
``shikra:FILE``      Shikra's JSON lines: expressions, captions and chains of thought with boxes
``table:FILE``       JSON lines or CSV with a picture and its captions in each row
``folder:DIR``       pictures and nothing else; the MLLM describes them first
``toyworld:FILE``    ``truth.jsonl`` of drawn scenes
===================  ==================================================================================

The kind may be left out where the path tells it.
"""

from __future__ import annotations

from twist_scout.scout.sources.opening import open_source
from twist_scout.scout.sources.source import Source, SourceTally

__all__ = ["Source", "SourceTally", "open_source"]
