"""SCOUT: the engine that makes grounded chain-of-thought data (§4 of the paper).

::

    source ──> items ──> questions (LLM, or rules) ──> answers (MLLM, or rules) ──> checks ──> records
               image,    "what / who / where", and     step by step, with boxes;     kept or
               captions, about things that are not     negatives are contradicted    rejected with
               boxes     there                         without the MLLM              the reason

=================  ==============================================================================
``items``          what a source gives: a picture, its captions, its boxes
``sources``        readers of annotated data sets, one file each
``prompts``        what the models are told: text files with a version
``backends``       who does the work: an endpoint, a model in this process
``questions``      step one, and ``answers``, step two
``checks``         what makes it data and not text; ``absence``, the one that asks a model
``record``         provenance and verdicts, the part of a record that says where it comes from
``ledger``         what was done, so that a killed run goes on where it was
``stages``         what one item goes through, and ``item_work``, one item on its way
``pipeline``       the run, in this process (``local_engine``) or on a cluster (``ray_engine``)
``forecast``       what a large run will take
``card``           the data set's README, and ``statistics``, what it consists of
``inspection``     any file of records under the checks
``pages``          samples to look at, and to judge (``audit``)
``exporters``      the formats of others, there and back
=================  ==============================================================================
"""
