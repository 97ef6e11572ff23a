"""The CRED-nf checklist of a study, as far as possible filled from its files.

- `command`: ``psychopy-nfb crednf``;
- `items`: the 24 items and their questions; `answers`: what people answered;
- `checklist`: all items of a study, each with what files and people say;
- `recording`: what it needs of one recording;
- `of_answers`: what participants answered in their sessions;
- `said`: what files say of one item; `of_design`, `of_settings`, `of_outcome`: what they say of the
  design, of how the feedback was made, and of what the training came to;
- `written`: the checklist as a page and as Markdown.
"""
