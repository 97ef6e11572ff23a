"""The 24 items of the CRED-nf checklist, each with the question that a study has to answer.

Ros et al. 2020, Consensus on the reporting and experimental design of clinical and cognitive-
behavioural neurofeedback studies (CRED-nf checklist), Brain 143, 1674-1685,
https://doi.org/10.1093/brain/awaa009. Titles and questions are in our own words.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = (
    "Items after the CRED-nf checklist: Ros et al. (2020), Brain 143, 1674-1685, "
    "https://doi.org/10.1093/brain/awaa009."
)


@dataclass(frozen=True)
class Item:
    """One item of the checklist."""

    name: str
    """Its number, as in the checklist; also the name of its answer."""
    title: str
    question: str
    """What is asked of the study, where the files do not tell it."""
    asked: bool = True
    """Whether a person has to answer it even where the files tell their part."""


@dataclass(frozen=True)
class Domain:
    """Items that belong together."""

    title: str
    items: tuple[Item, ...]


DOMAINS = (
    Domain(
        "1 Before the experiment",
        (
            Item(
                "1a",
                "Pre-registration",
                "Were protocol and planned analyses registered before the first participant came, "
                "and where?",
            ),
            Item(
                "1b",
                "Sample size",
                "How was the number of participants chosen?",
            ),
        ),
    ),
    Domain(
        "2 Control groups",
        (
            Item(
                "2a",
                "Control groups or conditions",
                "Which control groups or conditions were there, and why these?",
            ),
            Item(
                "2b",
                "Double blinding",
                "If the design was double-blind: who did not know the arm, and how was that "
                "ensured?",
            ),
            Item(
                "2c-raters",
                "Blind raters",
                "Did those who rated the outcomes know the arm?",
            ),
            Item(
                "2c-analysts",
                "Blind analysts",
                "Did those who analysed the data know the arm?",
            ),
            Item(
                "2d",
                "Blinding examined",
                "Were participants and experimenters asked which arm they believed in, and what "
                "did they say?",
                asked=False,
            ),
            Item(
                "2e",
                "Standard of care",
                "In a clinical study: was there a group with the usual treatment?",
            ),
        ),
    ),
    Domain(
        "3 Control measures",
        (
            Item(
                "3a",
                "Psychosocial factors",
                "Were motivation, expectation, mood or trust measured or balanced between groups?",
            ),
            Item(
                "3b",
                "Strategy given",
                "Was a strategy given to the participants? Which one, in which words?",
            ),
            Item(
                "3c",
                "Strategies used",
                "Which strategies did the participants say that they used?",
            ),
            Item(
                "3d",
                "Online processing and artifact correction",
                "Which methods took artifacts out of the feedback while it was given?",
                asked=False,
            ),
            Item(
                "3e",
                "Artifacts by condition and group",
                "Did the amount of artifacts differ between conditions or groups?",
                asked=False,
            ),
        ),
    ),
    Domain(
        "4 Feedback specifications",
        (
            Item(
                "4a",
                "Feature extraction",
                "How was the feature that was fed back computed?",
                asked=False,
            ),
            Item(
                "4b",
                "Reinforcement schedule",
                "When was a reward given, and how did the threshold change?",
                asked=False,
            ),
            Item(
                "4c",
                "Modality and content",
                "What did the participants see, hear or feel?",
            ),
            Item(
                "4d",
                "All feedback variables as displayed",
                "Which variables were shown, and are they kept as they were shown?",
                asked=False,
            ),
            Item(
                "4e",
                "Hardware and software",
                "Which amplifier, electrodes, reference and monitor were used?",
            ),
        ),
    ),
    Domain(
        "5 Outcome measures: the brain",
        (
            Item(
                "5a",
                "Regulation success",
                "How well was the trained feature regulated while feedback was given?",
                asked=False,
            ),
            Item(
                "5b",
                "Course within and between sessions",
                "How did the feature change within and between sessions, and from the rest before "
                "to "
                "the rest after?",
                asked=False,
            ),
            Item(
                "5c",
                "Comparison with the control",
                "How does the change compare with that of the control group or condition?",
                asked=False,
            ),
        ),
    ),
    Domain(
        "6 Outcome measures: behaviour",
        (
            Item(
                "6a",
                "Measures named beforehand",
                "Which measures of behaviour or symptoms were named before the study?",
            ),
            Item(
                "6b",
                "Brain and behaviour",
                "Did success of regulation go with the change in behaviour?",
            ),
        ),
    ),
    Domain(
        "7 Data",
        (
            Item(
                "7a",
                "Data, materials and code",
                "Where can data, materials and code be found?",
            ),
        ),
    ),
)
ITEMS = {item.name: item for domain in DOMAINS for item in domain.items}
"""All items by name."""
