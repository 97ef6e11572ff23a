"""What a person looks at afterwards.

- `page`: an HTML page from headings, sentences, tables and figures, one for all commands;
- `lag_figure`, `lag_words`, `lag_report`: ``psychopy-nfb report``, the lag of a session.
"""
