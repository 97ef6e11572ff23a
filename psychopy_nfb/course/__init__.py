"""The course of a session: which blocks come when, what is said and shown in each.

Nothing here shows anything; `psychopy_nfb.run_plan` runs what is planned here.

- `plan`: a plan as settings, `Plan` of `PlannedBlock` and `Group`;
- `order`: the blocks in the order that a seed gives, with their times;
- `files`: plans as JSON, as tables for Builder's loops, and those that come with the package;
- `words`: a course as a table of text;
- `command`: `psychopy-nfb plan`, which shows the course that a plan gives.
"""

from psychopy_nfb.course.files import read_plan, write_conditions
from psychopy_nfb.course.order import Turn, course
from psychopy_nfb.course.plan import Group, Plan, PlannedBlock, Until

__all__ = [
    "Group",
    "Plan",
    "PlannedBlock",
    "Turn",
    "Until",
    "course",
    "read_plan",
    "write_conditions",
]
