"""The page on which people ask a model, and see where it points.

    browser  ->  Guard       host, origin, key, headers                     guard.py
             ->  App         the page and what it asks for                  app.py
                  |-> Shelf  the models of the command line, each loaded    choices.py, shelf.py
                  |          when it is first asked for, behind the server
                  |          of `twist_scout.serving`: queue, batches, streams
                  |-> shown  an answer as words and boxes                   shown.py
                  `-> scenes pictures of the toy world and questions        scenes.py

The page is one file with its own script and style: it asks nobody but the server that it comes from. Needs the extra ``serve``.
"""

from __future__ import annotations
