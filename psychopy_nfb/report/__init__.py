"""What a person looks at afterwards.

- `page`: an HTML page from headings, sentences, tables and figures, one for all commands;
- `style`: how all figures look; `numbers`: how numbers are written;
- `command`: ``psychopy-nfb report``, how a session went;
- `session_data`, `seen`: a session's files, and what the participant saw;
- `findings`, `of_clocks`, `of_files`, `of_parts`, `of_stream`: what went wrong, the worst first,
  and what was assumed, each a `finding`;
- `outcome`, `outcome_figure`: what the training came to, block by block;
- `eeg_sections`: what is seen in the EEG, from `session_eeg`: `spectra` with `spectra_figure`,
  `channels_by_block`; `course_figure`: the own signal and the one shown; `next_time`: what to do;
- `lag_words`, `lag_figure`: its lag; `chosen_lags`: the blocks in which the lag was chosen;
- `certificate`: a computer's timing certificate, and the one nearest to a session;
- `study_report`: a whole study as a page; `study_methods`: its design in words;
  `study_steps`: the steps of ``psychopy-nfb study`` that
  write it, and the dataset; `given_answers`: what participants answered; `participant_flow`: who
  was allocated, withdrew and is analysed;
- `learning_command`, `learning_figure`: ``psychopy-nfb learning``, the course of a study;
- `bids/`: sessions as a dataset for repositories; `cred_nf/`: a study's checklist for a journal.
"""
