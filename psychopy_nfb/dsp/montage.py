"""Where the electrodes of the international 10-20 system and its 10-10 extension sit."""

from __future__ import annotations

from collections.abc import Iterable

from psychopy_nfb.electrodes import electrode

# Directions from the centre of the sphere fitted to the 10-05 template positions that MNE-Python
# ships (make_standard_montage("standard_1005")), rounded to a thousandth.
STANDARD_POSITIONS: dict[str, tuple[float, float, float]] = {
    "Fp1": (-0.288, 0.956, -0.058),
    "Fpz": (-0.007, 1.000, -0.008),
    "Fp2": (0.274, 0.960, -0.059),
    "AF7": (-0.544, 0.834, -0.095),
    "AF3": (-0.338, 0.916, 0.216),
    "AFz": (-0.006, 0.937, 0.349),
    "AF4": (0.338, 0.915, 0.221),
    "AF8": (0.534, 0.840, -0.096),
    "F9": (-0.681, 0.561, -0.471),
    "F7": (-0.763, 0.636, -0.113),
    "F5": (-0.697, 0.692, 0.190),
    "F3": (-0.528, 0.723, 0.445),
    "F1": (-0.284, 0.738, 0.613),
    "Fz": (-0.005, 0.745, 0.667),
    "F2": (0.287, 0.744, 0.604),
    "F4": (0.526, 0.734, 0.430),
    "F6": (0.698, 0.693, 0.179),
    "F8": (0.758, 0.642, -0.117),
    "F10": (0.679, 0.561, -0.473),
    "FT9": (-0.823, 0.304, -0.480),
    "FT7": (-0.929, 0.352, -0.117),
    "FC5": (-0.873, 0.396, 0.283),
    "FC3": (-0.663, 0.429, 0.613),
    "FC1": (-0.357, 0.437, 0.826),
    "FCz": (-0.005, 0.442, 0.897),
    "FC2": (0.351, 0.447, 0.823),
    "FC4": (0.662, 0.437, 0.609),
    "FC6": (0.870, 0.406, 0.280),
    "FT8": (0.923, 0.367, -0.119),
    "FT10": (0.818, 0.306, -0.488),
    "T9": (-0.877, 0.010, -0.480),
    "T7": (-0.995, 0.009, -0.099),
    "C5": (-0.937, 0.035, 0.347),
    "C3": (-0.711, 0.055, 0.701),
    "C1": (-0.377, 0.069, 0.924),
    "Cz": (-0.004, 0.075, 0.997),
    "C2": (0.380, 0.074, 0.922),
    "C4": (0.715, 0.063, 0.696),
    "C6": (0.939, 0.045, 0.342),
    "T8": (0.995, 0.021, -0.102),
    "T10": (0.873, 0.004, -0.488),
    "TP9": (-0.849, -0.292, -0.440),
    "TP7": (-0.944, -0.322, -0.068),
    "CP5": (-0.879, -0.325, 0.348),
    "CP3": (-0.661, -0.310, 0.683),
    "CP1": (-0.351, -0.294, 0.889),
    "CPz": (-0.004, -0.291, 0.957),
    "CP2": (0.363, -0.293, 0.885),
    "CP4": (0.670, -0.304, 0.677),
    "CP6": (0.885, -0.315, 0.344),
    "TP8": (0.945, -0.321, -0.070),
    "TP10": (0.844, -0.299, -0.445),
    "P9": (-0.727, -0.561, -0.395),
    "P7": (-0.791, -0.612, -0.018),
    "P5": (-0.717, -0.626, 0.308),
    "P3": (-0.539, -0.621, 0.569),
    "P1": (-0.284, -0.615, 0.736),
    "Pz": (-0.005, -0.610, 0.792),
    "P2": (0.296, -0.606, 0.738),
    "P4": (0.545, -0.614, 0.571),
    "P6": (0.713, -0.629, 0.308),
    "P8": (0.789, -0.615, -0.018),
    "P10": (0.720, -0.568, -0.398),
    "PO9": (-0.534, -0.778, -0.331),
    "PO7": (-0.567, -0.823, 0.037),
    "PO3": (-0.375, -0.845, 0.382),
    "POz": (-0.006, -0.856, 0.516),
    "PO4": (0.364, -0.852, 0.377),
    "PO8": (0.561, -0.827, 0.037),
    "PO10": (0.522, -0.784, -0.335),
    "O1": (-0.300, -0.949, 0.096),
    "Oz": (-0.007, -0.988, 0.156),
    "O2": (0.289, -0.952, 0.096),
    "Iz": (-0.008, -0.977, -0.213),
}
"""Label -> position on the unit sphere: x right, y front, z up."""

_BY_FOLDED_NAME = {label.casefold(): xyz for label, xyz in STANDARD_POSITIONS.items()}


def standard_positions(labels: Iterable[str]) -> dict[str, tuple[float, float, float]]:
    """Return the standard position of each of `labels` that has one.

    Labels are understood as `psychopy_nfb.electrodes.electrode` does: without regard to case, with
    ``EEG`` before and a reference after the name. Of two channels of one electrode the first has
    its position, so that none is its own neighbour.

    Examples
    --------
    >>> standard_positions(["Cz", "EEG Cz-A2", "EOG1"])
    {'Cz': (-0.004, 0.075, 0.997)}
    >>> list(standard_positions(["EEG Oz-Ref", "T3", "Fpz-Cz"]))
    ['EEG Oz-Ref', 'T3']
    """
    first: dict[str, str] = {}
    for label in labels:
        first.setdefault(electrode(label), label)
    return {
        label: _BY_FOLDED_NAME[name] for name, label in first.items() if name in _BY_FOLDED_NAME
    }
