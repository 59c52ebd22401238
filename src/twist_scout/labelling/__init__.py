"""Auto-labelling: a folder of pictures and a list of classes become an annotated data set.

======================  =======================================================================
``classes``             what to look for, and what to call it
``folder``              which pictures there are, and reading each of them once
``asking``              each class of each picture, put to a model by the engine of ``predict``
``reading``             from answers to boxes in pixels, refusals and counts
``phrases``             whether two phrases can be about one thing
``merging``             one thing is labelled once
``review``              what a person marked as wrong on the contact sheet
``formats``             COCO, YOLO, Pascal VOC, Label Studio, this project's records
``output``              files are written whole, and never over what a person has changed
``report``              what was found, refused and not readable
``sheet_page``          pictures with their boxes, to look through, as a page
``sheet_picture``       the same as one picture
======================  =======================================================================
"""

from __future__ import annotations

from twist_scout.labelling.classes import AskedClass, ClassList, read_classes
from twist_scout.labelling.labels import LabelledBox, LabelledPicture, Labels

__all__ = ["AskedClass", "ClassList", "LabelledBox", "LabelledPicture", "Labels", "read_classes"]
