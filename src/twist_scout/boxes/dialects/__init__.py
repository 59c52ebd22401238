"""Text dialects of boxes: one file each, all reachable by `get_dialect`.

=============  =================================================  ==========================
name           one box                                            numbers
=============  =================================================  ==========================
scout          ``[[10,9,79,100]]``                                0 to 100
cogvlm         ``[[102,092,790,999]]``                            000 to 999
shikra         ``[0.102,0.092,0.790,1.000]``                      0 to 1, padded square
llava          ``[0.10, 0.09, 0.79, 1.00]``                       0 to 1, padded square
ferret         ``[102, 92, 790, 1000]``                           0 to 1000
kosmos-2       ``<object><patch_index_0067>..</object>``          patches, 32 x 32
florence-2     ``<loc_102><loc_92><loc_790><loc_999>``            bins, 0 to 999
paligemma      ``<loc0094><loc0104><loc1023><loc0809>``           0 to 1023, y before x
qwen-vl        ``<box>(102,92),(790,999)</box>``                  0 to 999
qwen2-vl       ``<|box_start|>(102,92),(790,1000)<|box_end|>``    0 to 1000
qwen2.5-vl     ``{"bbox_2d": [65, 45, 505, 476]}``                pixels after smart resizing
qwen3-vl       ``{"bbox_2d": [102, 92, 790, 1000]}``              0 to 1000
internvl       ``<box>[[102, 92, 790, 1000]]</box>``              0 to 1000
pin            ``[14,14,182,224]``                                a grid of 16 x 16, 0 to 224
pixels         ``[65, 44, 506, 480]``                             pixels
=============  =================================================  ==========================
"""

from __future__ import annotations

from twist_scout.boxes.dialects.codec import Codec
from twist_scout.boxes.dialects.cogvlm import CogVlm
from twist_scout.boxes.dialects.ferret import Ferret
from twist_scout.boxes.dialects.florence2 import Florence2
from twist_scout.boxes.dialects.internvl import InternVl
from twist_scout.boxes.dialects.kosmos2 import Kosmos2
from twist_scout.boxes.dialects.llava import Llava
from twist_scout.boxes.dialects.paligemma import PaliGemma
from twist_scout.boxes.dialects.pin import Pin
from twist_scout.boxes.dialects.pixels import Pixels
from twist_scout.boxes.dialects.protocol import BoxSpan, Dialect
from twist_scout.boxes.dialects.qwen2_vl import Qwen2Vl
from twist_scout.boxes.dialects.qwen3_vl import Qwen3Vl
from twist_scout.boxes.dialects.qwen25_vl import Qwen25Vl
from twist_scout.boxes.dialects.qwen_vl import QwenVl
from twist_scout.boxes.dialects.registry import dialect_frame, get_dialect, known_dialects, register_dialect
from twist_scout.boxes.dialects.scout import Scout
from twist_scout.boxes.dialects.shikra import Shikra

for _codec in (
    Scout(),
    CogVlm(),
    Shikra(),
    Llava(),
    Ferret(),
    Kosmos2(),
    Florence2(),
    PaliGemma(),
    QwenVl(),
    Qwen2Vl(),
    Qwen25Vl(),
    Qwen3Vl(),
    InternVl(),
    Pin(),
    Pixels(),
):
    register_dialect(_codec)

__all__ = [
    "BoxSpan",
    "Codec",
    "CogVlm",
    "Dialect",
    "Ferret",
    "Florence2",
    "InternVl",
    "Kosmos2",
    "Llava",
    "PaliGemma",
    "Pin",
    "Pixels",
    "Qwen2Vl",
    "Qwen3Vl",
    "Qwen25Vl",
    "QwenVl",
    "Scout",
    "Shikra",
    "dialect_frame",
    "get_dialect",
    "known_dialects",
    "register_dialect",
]
