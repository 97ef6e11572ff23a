"""How the page looks: colours for dark and light rooms, letters, and what figures have in common.

Blue and orange are told apart with any kind of colour blindness; what they say is told by shape or
word as well. Figures are transparent: the page's own ground is behind them.
"""

from __future__ import annotations

from typing import Any

from bokeh.plotting import figure

DARK = {
    "text": "#e9ecef",
    "quiet": "#9aa5b1",
    "grid": "#2c333a",
    "trace": "#c3ccd5",
    "blue": "#56b4e9",
    "orange": "#f0a92e",
}
LIGHT = {
    "text": "#15191d",
    "quiet": "#56616c",
    "grid": "#dde2e7",
    "trace": "#2f3942",
    "blue": "#0072b2",
    "orange": "#b34e00",
}
WRAPS = {"flex-wrap": "wrap", "gap": "8px"}
"""Of a row whose parts go below each other where there is no room."""
PALETTES = {"dark": DARK, "light": LIGHT}

WORDS = """
    :host { color: var(--text); font: 1rem/1.4 system-ui, sans-serif; }
    .bk-clearfix { display: block; width: 100%; }
    .tiles { display: grid; gap: .6rem;
             grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); }
    .tile { background: var(--panel); border-radius: .5rem; padding: .5rem .8rem; min-width: 0; }
    .tile .name, .quiet { color: var(--quiet); }
    .tile .name { font-size: .9rem; }
    .tile b { display: block; font-size: 2.1rem; line-height: 1.15; font-weight: 600;
              font-variant-numeric: tabular-nums; white-space: nowrap; overflow: hidden; }
    .tile small { color: var(--quiet); font-size: .9rem; }
    .tile.bad { outline: 3px solid var(--orange); }
    h1 { font-size: 1.5rem; margin: 0; font-weight: 600; overflow-wrap: anywhere; }
    h2 { font-size: 1rem; margin: 0 0 .3rem; color: var(--quiet); font-weight: 600; }
    .chip { display: inline-block; border: 1px solid var(--quiet); border-radius: 1rem;
            padding: 0 .6rem; margin: .2rem .4rem 0 0; font-size: .9rem; }
    .notice { border-left: .4rem solid var(--orange); background: var(--panel); font-size: 1.1rem;
              padding: .4rem .8rem; margin: .25rem 0; border-radius: .25rem; }
    ul { list-style: none; margin: 0; padding: 0; }
    li { padding: .15rem 0; border-bottom: 1px solid var(--grid); overflow-wrap: anywhere; }
    table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
    td { padding: .1rem .4rem .1rem 0; } td + td { text-align: right; }
"""
WIDGETS = """
    :host { color: var(--text); font: 1rem system-ui, sans-serif; }
    label, .bk-input-group > * { color: var(--text); }
    .bk-btn { background: var(--panel); white-space: normal; padding: .3rem;
              color: var(--text); border: 2px solid var(--quiet);
              font: 600 1.05rem system-ui, sans-serif; min-height: 2.75rem; border-radius: .5rem; }
    .bk-btn:hover { border-color: var(--blue); background: var(--panel); color: var(--text); }
    .bk-btn.bk-active { border-color: var(--orange); }
    .bk-btn:focus-visible, .bk-input:focus { outline: 3px solid var(--blue); outline-offset: 1px; }
    .bk-btn[disabled], .bk-input[disabled] { opacity: 1; background: transparent;
        color: var(--quiet); border: 2px dashed var(--quiet); cursor: not-allowed; }
    .bk-btn[disabled]:hover { background: transparent; color: var(--quiet);
        border-color: var(--quiet); }
    .bk-input::placeholder { color: var(--quiet); opacity: 1; }
    .bk-input { background: var(--panel); color: var(--text); border: 2px solid var(--quiet);
                font-size: 1.05rem; min-height: 2.6rem; border-radius: .5rem; }
    .bk-input option { background: var(--panel); color: var(--text); }
    select:not([multiple]).bk-input {
        background-image: linear-gradient(45deg, transparent 50%, var(--text) 50%),
                          linear-gradient(-45deg, transparent 50%, var(--text) 50%);
        background-position: right .85rem center, right .5rem center;
        background-size: .35rem .35rem; }
    .noUi-target { background: var(--grid); border-color: var(--quiet); box-shadow: none; }
    .noUi-handle { background: var(--text); border-color: var(--ground); box-shadow: none; }
    .noUi-connect { background: var(--blue); }
    [disabled] .noUi-handle, [disabled].noUi-target .noUi-handle { background: var(--quiet); }
    .choices__inner { background: var(--panel); color: var(--text); max-height: 6rem;
                      overflow: auto; border: 2px solid var(--quiet); border-radius: .5rem; }
    .choices__inner .choices__input { background: transparent; color: var(--text); }
    .choices__list--multiple .choices__item.choices__item { background: #0b4f7d; color: #fff;
        border: 1px solid #0b4f7d; }
    .choices__list--multiple .choices__item.is-highlighted { border-color: #fff; }
    .choices__list--dropdown { background: var(--panel); color: var(--text);
                               border-color: var(--quiet); }
    .choices__list--dropdown .choices__item--selectable.is-highlighted { color: var(--text);
        background: var(--grid); }
    .bk-slider-title { color: var(--text); }
"""


def in_unit(name: str, unit: str) -> str:
    """Return a name with its unit, if there is one.

    Examples
    --------
    >>> in_unit("Threshold", "SD"), in_unit("Threshold", "")
    ('Threshold (SD)', 'Threshold')
    """
    return f"{name} ({unit})" if unit else name


def plain_figure(height: int, **options: Any) -> figure:
    """Return a figure as wide as its place, without tools."""
    made = figure(
        height=height,
        sizing_mode="stretch_width",
        toolbar_location=None,
        tools="",
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_alpha=0,
        min_border_left=55,
        min_border_right=12,
        **options,
    )
    made.axis.major_label_text_font_size = "13px"
    made.axis.axis_label_text_font_size = "13px"
    made.axis.axis_label_text_font_style = "normal"
    made.axis.minor_tick_line_alpha = 0
    return made


def paint(made: figure, palette: dict[str, str]) -> None:
    """Give a figure's axes and grid the palette's colours."""
    made.axis.axis_label_text_color = palette["quiet"]
    made.axis.major_label_text_color = palette["text"]
    made.axis.axis_line_color = palette["grid"]
    made.axis.major_tick_line_color = palette["grid"]
    made.grid.grid_line_color = palette["grid"]
