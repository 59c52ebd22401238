"""Training records from annotated pictures, one file for each task (§5).

======================  =======================================================================
``templates``           how each task is asked for
``referring``           REC: a referring expression and its box
``grounded_captions``   GIC: a caption whose objects have boxes
``caption_alignment``   from a person's caption and a list of boxes to a caption with boxes
``localization``        all boxes of a class
``annotated``           what these need to know of a picture
======================  =======================================================================
"""
