"""The server: an OpenAI-compatible endpoint whose answers carry their boxes.

    HTTP  ->  Gate        request id, host, key, queue, body limits        gate.py, intake.py
          ->  Reader      JSON -> conversation, picture, mode: a Row       protocol.py, conversation.py, pictures.py, reader.py
          ->  Worker      one thread, batches of mixed rows                worker.py
          ->  RowModel    one `generate` for a batch, row by row           model.py, answering.py, sampling.py
          ->  response    whole or streamed, with its `grounding` object   chat.py, responses.py

Protocol, connections, metrics and counters are FastAPI's, uvicorn's and prometheus-client's. Needs the extra ``serve``.
"""

from __future__ import annotations
