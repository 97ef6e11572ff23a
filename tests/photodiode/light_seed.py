"""The seed of simulated light: one in the suite, any other by PSYCHOPY_NFB_LIGHT_SEED=N.

A change is judged on the same light as the one before; what is read wrong on other light is looked
for on its own, e.g. with the number of the day.
"""

import os

SEED = int(os.environ.get("PSYCHOPY_NFB_LIGHT_SEED", "739947"))
