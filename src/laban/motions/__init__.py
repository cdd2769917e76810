"""Built-in recordings: a seeded world of moving people, written in the formats of real datasets.

Classes and names are those of NTU RGB+D (https://arxiv.org/abs/1604.02808) and PKU-MMD
(https://arxiv.org/abs/1703.07475).
"""

from laban.motions.ntu import write_dataset, write_ntu
from laban.motions.pku import write_pku
from laban.motions.recording import ACTIONS, TWO_PERSON, Recording, record
from laban.motions.untrimmed import record_untrimmed

__all__ = [
    "ACTIONS",
    "TWO_PERSON",
    "Recording",
    "record",
    "record_untrimmed",
    "write_dataset",
    "write_ntu",
    "write_pku",
]
