"""A conversation about a picture: earlier turns in the prompt, and the commands of a chat.

======================  =======================================================================
``history``             a model that answers with the turns before in sight
``session``             what a line does, question or command
======================  =======================================================================
"""

from __future__ import annotations

from twist_scout.conversation.history import Turn

__all__ = ["Turn"]
