"""Which noun means the same as, or a kind of, which other: what people call the things in photos.

A small table of everyday words. It is asked whether something *may* be what another word calls it, so that nothing is
called absent that is there under another name; a word that is not in the table is only itself.
"""

from __future__ import annotations

from functools import lru_cache

# "general: special ...": each special word is a kind of the general one; words joined by "=" mean the same.
_TABLE = """
person=human=people=somebody=individual=figure: man woman child adult player rider worker skier surfer skateboarder cyclist
    crowd group couple pedestrian dancer musician singer runner swimmer soldier fisherman chef cook waiter police_officer
man=guy=gentleman=male: fireman policeman snowboarder groom businessman cowboy
woman=lady=female: bride businesswoman
child=kid=toddler=youth=youngster: boy girl baby teenager
baby=infant
girl=daughter
boy=son
player=athlete=sportsman: batter pitcher catcher goalkeeper footballer
rider: biker motorcyclist jockey cyclist=bicyclist
animal=creature=pet: dog cat bird horse cow sheep goat pig elephant bear zebra giraffe monkey lion tiger rabbit deer fish duck
    mouse squirrel camel donkey fox wolf turtle frog
dog=puppy=doggy=hound: bulldog terrier poodle retriever collie labrador
cat=kitten=kitty
bird: duck chicken=hen eagle parrot pigeon=dove seagull=gull owl swan goose penguin
horse=pony=foal
cow=cattle=bull=calf=ox
sheep=lamb
bear=teddy_bear
vehicle: car bus truck van train airplane boat motorcycle bicycle tractor trailer ambulance taxi scooter jeep tank
car=automobile=auto=sedan: taxi=cab suv jeep convertible minivan
van=minivan
bus=coach=minibus
truck=lorry=pickup: fire_truck
bicycle=bike=cycle
motorcycle=motorbike=moped: scooter
airplane=plane=aeroplane=aircraft=jet=airliner
boat=ship=vessel: canoe kayak sailboat ferry yacht raft
train=locomotive: tram=trolley
furniture: chair couch bed table desk bench shelf cabinet stool dresser armchair
couch=sofa=settee
chair=seat: armchair stool
table=desk: dining_table
television=tv=tv_monitor: monitor
computer: laptop=notebook monitor=screen
phone=cellphone=telephone=mobile=smartphone=cell_phone
fruit=food: apple orange banana strawberry grape lemon pear watermelon
food=meal: pizza sandwich cake bread donut=doughnut hot_dog broccoli carrot salad burger=hamburger pasta rice
drink=beverage: coffee tea juice beer wine water soda
cup=mug: teacup
glass=wine_glass
bag=handbag=purse: backpack=rucksack suitcase=luggage
hat=headgear: cap helmet beanie
clothing=clothes=outfit: shirt trousers dress jacket coat skirt suit sweater shorts jeans uniform robe overalls scarf hat glove
    sock shoe tie swimsuit
shirt=t-shirt=tshirt=blouse: jersey
trousers=pants=slacks: jeans shorts leggings overalls
jacket=coat: hoodie vest
sweater=pullover=jumper=sweatshirt
glasses=eyeglasses=spectacles: sunglasses goggles
shoe=footwear: boot sneaker sandal
ball: football soccer_ball basketball baseball tennis_ball volleyball
bat=baseball_bat
racket=racquet=tennis_racket
plant: tree flower bush grass potted_plant
tree: palm=palm_tree pine
flower: rose tulip sunflower
street=road=path: highway sidewalk=pavement
beach=shore=shoreline=seashore=coast
sea=ocean: water
water: sea lake river pool pond
hill=mountain=slope
field=lawn=meadow: yard=garden
building=house: church tower barn shed skyscraper
refrigerator=fridge
stove=oven
bathroom=restroom=toilet
umbrella=parasol
"""


def kinds_of(noun: str) -> frozenset[str]:
    """Everything that a singular noun may also be called: itself, what means the same, and what it is a kind of."""
    return _ancestors(noun.replace(" ", "_"))


def may_be(thing: str, called: str) -> bool:
    """Whether a thing of the first name can be meant by the second: a ``puppy`` by ``animal``, not the other way."""
    return bool(kinds_of(thing) & _equal(called.replace(" ", "_")))


@lru_cache(maxsize=65536)
def _ancestors(noun: str) -> frozenset[str]:
    found, new = set[str](), {noun}
    while new:
        found |= new
        new = {parent for word in new for parent in _parents().get(word, ())} - found
    return frozenset(found)


@lru_cache(maxsize=65536)
def _equal(noun: str) -> frozenset[str]:
    """The words of the same meaning: each is the other's parent."""
    return frozenset(word for word in _ancestors(noun) if noun in _ancestors(word))


@lru_cache(maxsize=1)
def _parents() -> dict[str, set[str]]:
    parents: dict[str, set[str]] = {}
    for line in _TABLE.replace("\n    ", " ").strip().splitlines():
        general, _, special = line.partition(":")
        groups = [general.strip().split("="), *(word.split("=") for word in special.split())]
        for group in groups:
            for word in group:
                parents.setdefault(word, set()).update(set(group) - {word})
        for group in groups[1:]:
            for word in group:
                parents[word].add(groups[0][0])
    return parents
