"""Does TWIST work on a model family? Every family that the installed transformers knows, tried in miniature.

A *family* is a model type of ``AutoModelForImageTextToText``. For each there is a tiny random model of the real class
(:mod:`~twist_scout.families.tiny`) with well-formed inputs, and a list of *laws* that TWIST promises
(:mod:`~twist_scout.families.laws`). :func:`~twist_scout.families.matrix.try_family` puts one to the other::

    from twist_scout.families.matrix import try_family

    try_family("qwen3_vl").passed
"""
