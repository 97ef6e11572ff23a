"""The names of `psychopy_nfb.display`, for editors: they are imported when they are used."""

from psychopy_nfb.display.bar import FeedbackBar as FeedbackBar
from psychopy_nfb.display.calibration import run_baseline as run_baseline
from psychopy_nfb.display.circle import FeedbackCircle as FeedbackCircle
from psychopy_nfb.display.color import FeedbackColor as FeedbackColor
from psychopy_nfb.display.dimmer import FeedbackDimmer as FeedbackDimmer
from psychopy_nfb.display.late_read import LateRead as LateRead
from psychopy_nfb.display.movie import FeedbackMovie as FeedbackMovie
from psychopy_nfb.display.neurofeedback import Neurofeedback as Neurofeedback
from psychopy_nfb.display.pacing import frame_blocking as frame_blocking
from psychopy_nfb.display.pacing import pace as pace
from psychopy_nfb.display.pacing import unpace as unpace
from psychopy_nfb.display.photodiode_patch import PhotodiodePatch as PhotodiodePatch
from psychopy_nfb.display.planned_session import check_plan as check_plan
from psychopy_nfb.display.planned_session import run_plan as run_plan
from psychopy_nfb.display.progress import FeedbackProgress as FeedbackProgress
from psychopy_nfb.display.scanner_trigger import wait_for_trigger as wait_for_trigger
from psychopy_nfb.display.sign import FeedbackSign as FeedbackSign
from psychopy_nfb.display.signal_check import show_signal_check as show_signal_check
from psychopy_nfb.display.stimulus import FeedbackStimulus as FeedbackStimulus
from psychopy_nfb.display.text import FeedbackText as FeedbackText
from psychopy_nfb.display.thermometer import FeedbackThermometer as FeedbackThermometer
from psychopy_nfb.display.tone import FeedbackTone as FeedbackTone
from psychopy_nfb.display.trace import FeedbackTrace as FeedbackTrace
