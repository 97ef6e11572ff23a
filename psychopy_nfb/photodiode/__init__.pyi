"""The names of `psychopy_nfb.photodiode`, for editors: they are imported when they are used."""

from psychopy_nfb.photodiode.align import NoMatch as NoMatch
from psychopy_nfb.photodiode.channel import NoLight as NoLight
from psychopy_nfb.photodiode.summary import LightSummary as LightSummary
from psychopy_nfb.photodiode.times import LightTimes as LightTimes
from psychopy_nfb.photodiode.times import light_times as light_times
