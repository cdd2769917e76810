"""Class names of the datasets, in the datasets' own order and spelling: tables, nothing else.

NTU RGB+D: https://rose1.ntu.edu.sg/dataset/actionRecognition/ (A001 to A060 are NTU-60).
PKU-MMD: the list Actions.xlsx beside https://www.icst.pku.edu.cn/struct/Projects/PKUMMD.html.
Kinetics: https://arxiv.org/abs/1705.06950, in alphabetical order as Kinetics-Skeleton counts.
SHREC'17: http://www-rech.telecom-lille.fr/shrec2017-hand/.
Northwestern-UCLA: https://arxiv.org/abs/1405.2941.
MSR-Action3D: https://doi.org/10.1109/CVPRW.2010.5543273.
SBU: https://doi.org/10.1109/CVPRW.2012.6239234.
PRECOG 2016: the archive numbers its actions and does not name them.
SFINGE 3D: https://www.sciencedirect.com/science/article/pii/S0097849320301163.
"""

from importlib.resources import files

__all__ = [
    "KINETICS_CLASSES",
    "FPHA_ACTIONS",
    "MSR_ACTIONS",
    "NTU_CLASSES",
    "NW_UCLA_ACTIONS",
    "PKU_ACTIONS",
    "PRECOG_ACTIONS",
    "SBU_INTERACTIONS",
    "SFINGE_GESTURES",
    "SHREC17_GESTURES",
]

# The 400 names are a file of their own, one a line.
KINETICS_CLASSES: tuple[str, ...] = tuple(
    (files("laban") / "tables" / "kinetics-classes.txt").read_text("utf-8").splitlines()
)

NTU_CLASSES: tuple[str, ...] = (
    "drink water",
    "eat meal/snack",
    "brushing teeth",
    "brushing hair",
    "drop",
    "pickup",
    "throw",
    "sitting down",
    "standing up (from sitting position)",
    "clapping",
    "reading",
    "writing",
    "tear up paper",
    "wear jacket",
    "take off jacket",
    "wear a shoe",
    "take off a shoe",
    "wear on glasses",
    "take off glasses",
    "put on a hat/cap",
    "take off a hat/cap",
    "cheer up",
    "hand waving",
    "kicking something",
    "reach into pocket",
    "hopping (one foot jumping)",
    "jump up",
    "make a phone call/answer phone",
    "playing with phone/tablet",
    "typing on a keyboard",
    "pointing to something with finger",
    "taking a selfie",
    "check time (from watch)",
    "rub two hands together",
    "nod head/bow",
    "shake head",
    "wipe face",
    "salute",
    "put the palms together",
    "cross hands in front (say stop)",
    "sneeze/cough",
    "staggering",
    "falling",
    "touch head (headache)",
    "touch chest (stomachache/heart pain)",
    "touch back (backache)",
    "touch neck (neckache)",
    "nausea or vomiting condition",
    "use a fan (with hand or paper)/feeling warm",
    "punching/slapping other person",
    "kicking other person",
    "pushing other person",
    "pat on back of other person",
    "point finger at the other person",
    "hugging other person",
    "giving something to other person",
    "touch other person's pocket",
    "handshaking",
    "walking towards each other",
    "walking apart from each other",
    "put on headphone",
    "take off headphone",
    "shoot at the basket",
    "bounce ball",
    "tennis bat swing",
    "juggling table tennis balls",
    "hush (quite)",
    "flick hair",
    "thumb up",
    "thumb down",
    "make ok sign",
    "make victory sign",
    "staple book",
    "counting money",
    "cutting nails",
    "cutting paper (using scissors)",
    "snapping fingers",
    "open bottle",
    "sniff (smell)",
    "squat down",
    "toss a coin",
    "fold paper",
    "ball up paper",
    "play magic cube",
    "apply cream on face",
    "apply cream on hand back",
    "put on bag",
    "take off bag",
    "put something into a bag",
    "take something out of a bag",
    "open a box",
    "move heavy objects",
    "shake fist",
    "throw up cap/hat",
    "hands up (both hands)",
    "cross arms",
    "arm circles",
    "arm swings",
    "running on the spot",
    "butt kicks (kick backward)",
    "cross toe touch",
    "side kick",
    "yawn",
    "stretch oneself",
    "blow nose",
    "hit other person with something",
    "wield knife towards other person",
    "knock over other person (hit with body)",
    "grab other person's stuff",
    "shoot at other person with a gun",
    "step on foot",
    "high-five",
    "cheers and drink",
    "carry something with other person",
    "take a photo of other person",
    "follow other person",
    "whisper in other person's ear",
    "exchange things with other person",
    "support somebody with hand",
    "finger-guessing game (playing rock-paper-scissors)",
)

SHREC17_GESTURES: tuple[str, ...] = (
    "Grab",
    "Tap",
    "Expand",
    "Pinch",
    "Rotation Clockwise",
    "Rotation Counter Clockwise",
    "Swipe Right",
    "Swipe Left",
    "Swipe Up",
    "Swipe Down",
    "Swipe X",
    "Swipe +",
    "Swipe V",
    "Shake",
)

# The folders' names with blanks.
FPHA_ACTIONS: tuple[str, ...] = tuple(
    name.replace("_", " ")
    for name in """
    open_juice_bottle close_juice_bottle pour_juice_bottle open_peanut_butter close_peanut_butter
    prick sprinkle scoop_spoon put_sugar stir open_milk close_milk pour_milk drink_mug put_tea_bag
    put_salt open_liquid_soap close_liquid_soap pour_liquid_soap wash_sponge flip_sponge
    scratch_sponge squeeze_sponge open_soda_can use_flash write tear_paper squeeze_paper
    open_letter take_letter_from_enveloppe read_letter flip_pages use_calculator light_candle
    charge_cell_phone unfold_glasses clean_glasses open_wallet give_coin receive_coin give_card
    pour_wine toast_wine handshake high_five
    """.split()
)

# By the number in the file name, which has gaps.
NW_UCLA_ACTIONS: dict[int, str] = {
    1: "pick up with one hand",
    2: "pick up with two hands",
    3: "drop trash",
    4: "walk around",
    5: "sit down",
    6: "stand up",
    8: "donning",
    9: "doffing",
    11: "throw",
    12: "carry",
}

# PKU-MMD counts them from 1.
PKU_ACTIONS: tuple[str, ...] = (
    "bow",
    "brushing hair",
    "brushing teeth",
    "check time (from watch)",
    "cheer up",
    "clapping",
    "cross hands in front (say stop)",
    "drink water",
    "drop",
    "eat meal/snack",
    "falling",
    "giving something to other person",
    "hand waving",
    "handshaking",
    "hopping (one foot jumping)",
    "hugging other person",
    "jump up",
    "kicking other person",
    "kicking something",
    "make a phone call/answer phone",
    "pat on back of other person",
    "pickup",
    "playing with phone/tablet",
    "point finger at the other person",
    "pointing to something with finger",
    "punching/slapping other person",
    "pushing other person",
    "put on a hat/cap",
    "put something inside pocket",
    "reading",
    "rub two hands together",
    "salute",
    "sitting down",
    "standing up",
    "take off a hat/cap",
    "take off glasses",
    "take off jacket",
    "take out something from pocket",
    "taking a selfie",
    "tear up paper",
    "throw",
    "touch back (backache)",
    "touch chest (stomachache/heart pain)",
    "touch head (headache)",
    "touch neck (neckache)",
    "typing on a keyboard",
    "use a fan (with hand or paper)/feeling warm",
    "wear jacket",
    "wear on glasses",
    "wipe face",
    "writing",
)

# MSR-Action3D counts them from 1.
MSR_ACTIONS: tuple[str, ...] = (
    "high arm wave",
    "horizontal arm wave",
    "hammer",
    "hand catch",
    "forward punch",
    "high throw",
    "draw x",
    "draw tick",
    "draw circle",
    "hand clap",
    "two hand wave",
    "side-boxing",
    "bend",
    "forward kick",
    "side kick",
    "jogging",
    "tennis swing",
    "tennis serve",
    "golf swing",
    "pickup & throw",
)

# SBU counts them from 1.
SBU_INTERACTIONS: tuple[str, ...] = (
    "approaching",
    "departing",
    "kicking",
    "pushing",
    "shaking hands",
    "hugging",
    "exchanging",
    "punching",
)

PRECOG_ACTIONS: tuple[str, ...] = tuple(f"action {number}" for number in range(1, 9))

SFINGE_GESTURES: tuple[str, ...] = (
    "one",
    "two",
    "three",
    "four",
    "OK",
    "pinch",
    "grab",
    "expand",
    "tap",
    "swipe left",
    "swipe right",
    "swipe V",
    "swipe O",
)
