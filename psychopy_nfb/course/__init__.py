"""The course of a session: which blocks come when, what is said and shown in each.

Nothing here shows anything; `psychopy_nfb.run_plan` runs what is planned here.

- `plan`: a plan as settings, `Plan` of `PlannedBlock` and `Group`;
- `order`: the blocks in the order that a seed gives, with their times;
- `texts`, `questions`: what is checked of a plan's texts and of its questions;
- `files`: plans as JSON files and those that come with the package; `tables`: conditions files, as
  Builder's loops take them;
- `fit`: whether a plan fits a training;
- `words`: a course as a table of text.
"""

from psychopy_nfb.course.files import one_block, read_plan
from psychopy_nfb.course.order import Turn, course
from psychopy_nfb.course.plan import Group, Plan, PlannedBlock, Until
from psychopy_nfb.course.tables import write_conditions

__all__ = [
    "Group",
    "Plan",
    "PlannedBlock",
    "Turn",
    "Until",
    "course",
    "one_block",
    "read_plan",
    "write_conditions",
]
