"""The question bank across runs: is it new, what changed, did it run, which need me, how is it doing, what is meant.

Every expectation was written from the JSON alone, before the program was looked at. They hold facts and hardly a
sentence, so that any honest wording passes; `never` is what would be wrong to say.
"""

from across_case import Case
from across_compare import COMPARED
from across_history import HISTORY
from across_jobs import HEALTH, NEEDS, PASTED
from across_schedule import SCHEDULED

BANK: tuple[Case, ...] = (*HISTORY, *COMPARED, *SCHEDULED, *NEEDS, *HEALTH, *PASTED)
