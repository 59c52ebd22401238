"""Word lists of the noun-phrase rule (`twist_scout.boxes.noun_phrase`); all lower case.

The lists are small on purpose: a determiner ("the", "a", "two") ends most phrases, so verbs and
function words only matter in front of bare nouns ("wearing glasses", "find dogs").
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PRONOUNS = _words("i me you he him she it we us they them himself herself itself themselves")

NUMBERS = _words("one two three four five six seven eight nine ten eleven twelve dozen")

DETERMINERS = NUMBERS | _words(
    """a an the this that these those my your his her its our their some any each every all both
    another no several many few which whose"""
)

COLORS = _words(
    """black white gray grey red green blue yellow orange purple pink brown violet cyan magenta teal
    navy beige tan gold golden silver turquoise maroon"""
)

ADJECTIVES = COLORS | _words(
    """small smaller smallest big bigger biggest large larger largest tiny little huge tall taller
    tallest short long young old older new dark light bright pale round square wooden metal plastic
    striped spotted empty full left right upper lower leftmost rightmost first second third last
    other same open closed"""
)

# Words that a place inside the picture is made of: "on the far left", "in the background of the
# picture".
PLACES = _words(
    """left right top bottom middle center centre front back foreground background corner side edge
    far upper lower leftmost rightmost image picture photo photograph scene"""
)
PLACE_PREPOSITIONS = _words("in on at to from")

# "X of" that counts or measures what follows, so that the whole is one noun phrase: "a group of
# people".
QUANTITIES = DETERMINERS | _words(
    """group groups pair pairs couple bunch crowd herd flock row rows line stack pile set team pack
    swarm collection number lot lots slice slices piece pieces cup cups glass glasses bottle bottles
    bowl bowls plate plates basket box boxes bag bags bouquet most none half rest kind type part
    parts"""
)

RELATIONS: tuple[tuple[str, ...], ...] = tuple(
    sorted(
        (
            tuple(relation.split())
            for side in ("left", "right")
            for relation in (
                f"{side} of",
                f"to {side} of",
                f"to the {side} of",
                f"on the {side} of",
                f"at the {side} of",
                f"{side} side of",
                f"to the {side} side of",
                f"on the {side} side of",
            )
        ),
        key=len,
        reverse=True,
    )
) + tuple(
    tuple(relation.split())
    for relation in (
        "in the middle of",
        "in front of",
        "on top of",
        "next to",
        "close to",
        "above",
        "below",
        "under",
        "underneath",
        "beneath",
        "behind",
        "beside",
        "near",
        "over",
    )
)
"""Spatial relations that may tie two noun phrases into one, longest first."""

# Participles are adjectives after a determiner ("the sitting dog") and verbs elsewhere ("a man
# wearing glasses").
PARTICIPLES = _words(
    """wearing holding riding carrying using eating drinking sitting standing walking running
    looking watching playing having being doing going leaning lying laying hanging containing
    featuring showing including jumping facing pulling pushing throwing catching performing crossing
    surrounding covering reading driving making taking getting kicking hitting touching finding
    checking posing sleeping depicting displaying seated parked located placed
    positioned situated dressed"""
)

# Nouns that look like participles; any other "-ing" word in front of a relation is taken for a
# verb.
NOUNS_IN_ING = _words(
    """building ceiling clothing earring king lighting morning painting railing ring string swing
    thing wing awning opening crossing sibling wedding evening drawing sibling being landing parking
    frosting topping icing"""
)

# Words after which there is no verb but a noun of the same spelling: "a watch", "the small drink".
ARTICLES = _words("a an the my your his her its our their no") | ADJECTIVES

FUNCTION_WORDS = _words(
    """
    and or but nor not as like than then so because if while when where who whom what how why also
    only just of in on at by to from for with without within into onto off out up down through
    across along around between among during toward towards against about inside outside over under
    above below behind beside near beneath underneath there here
    it's that's he's she's there's here's what's please
    am is are was were be been isn't aren't wasn't weren't has have had do does did can could
    will would should may might must
    """
)

# Many of these are nouns too: after an article they are read as such.
VERBS = PARTICIPLES | _words(
    """
    find finds found check checks checked get gets got see sees saw seen look looks locate locates
    identify identifies detect detects show shows shown point points mark marks contain contains
    include includes depict depicts features say says give gives given call calls called named
    wear wears wore hold holds held ride rides rode carry carries carried use uses used eat eats
    drink drinks sit sits sat stand stands stood walk walks run runs lie lies lay play plays watch
    watches watched jump jumps face pull pulls push pushes throw throws catch catches chase chases
    chased touch touches want wants make makes made take takes took hit hits kick kicks lean leans
    appear appears seem seems
    """
)
