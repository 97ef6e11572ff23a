"""The network side: streams found and opened, gaps and drift, and streams sent out.

- `selection`, `find`, `describe`: which stream is meant, which are there, and how they are told
  apart; `absent`: a known one that is not there yet; `address`: where one was, for others;
- `stream_channels`, `ask`, `amplitude`: what its channels are and what they are called, also asked
  without opening it, and whether their numbers can be EEG;
- `inlet`, `merge`, `markers`, `continuity`: samples and markers in, with their gaps and drift;
  `chunk_buffer`: memory that LSL writes into;
- `stamps_heard`, `stamps_listen`, `stamps_noise`: what the first samples say of clock, chunks, rate
  and scatter; `stamps_unit`: the unit of the stamps; `stamps_lost`: samples missing a few at a
  time; `stamps`, `stamps_counted`, `stamps_mean`: their stamps put on LSL's clock; `stamps_words`:
  what is told of them; `stamps_rate`: whether the rate stays;
- `marker_rule`: which streams hold markers, and what each says, the same for streams and files;
- `outlet`: streams sent out, described as LSL's conventions ask for;
- `streams`: the list of what is on the network.

Modules are imported by name; nothing here is imported before it is used, because the stimulus
process needs none of it.
"""
