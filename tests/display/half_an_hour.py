"""A trace drawn for half an hour at 30 Hz, as fast as it goes: what it costs, as JSON."""

import gc
import json
import time
import tracemalloc

import numpy as np

FRAMES_PER_MINUTE = 1800
TRACED_FROM = 27
"""The minute from which Python's and numpy's allocations are counted, which makes all slower.

Not the process's memory: OpenGL's driver takes and gives back as it likes.
"""


def main():
    import pyglet

    pyglet.options["debug_gl"] = False  # asks for an error after each call, which takes most time
    from psychopy import logging, visual
    from psychopy.visual import shape

    from psychopy_nfb.display.trace import FeedbackTrace

    logging.console.setLevel(logging.ERROR)
    window = visual.Window(
        (160, 90), units="pix", color="black", allowGUI=False, checkTiming=False, waitBlanking=False
    )
    trace = FeedbackTrace(window, size=(80, 60), threshold=0.5)
    drawn = []
    draw_arrays = shape.GL.glDrawArrays

    def counted(mode, first, count):
        drawn.append(count)
        draw_arrays(mode, first, count)

    def run_minute(values):
        """Return the median processor time of a frame, and the corners drawn in the last one."""
        costs = np.empty(FRAMES_PER_MINUTE)
        for frame, value in enumerate(values):
            begun = time.thread_time()
            trace.value = value
            trace.draw()
            costs[frame] = time.thread_time() - begun
            if frame % 120 == 0:
                window.flip()
        drawn.clear()
        shape.GL.glDrawArrays = counted
        trace.draw()
        shape.GL.glDrawArrays = draw_arrays
        return float(np.median(costs)), sum(drawn)

    random = np.random.default_rng(3)
    told = {"cost": [], "corners": [], "memory": [], "history": len(trace.history)}
    for minute in range(30):
        if minute == TRACED_FROM:
            tracemalloc.start()
        values = np.clip(0.5 + 0.3 * random.standard_normal(FRAMES_PER_MINUTE), 0, 1)
        cost, corners = run_minute(values)
        told["cost"].append(cost)
        told["corners"].append(corners)
        if tracemalloc.is_tracing():
            gc.collect()
            told["memory"].append(tracemalloc.get_traced_memory()[0])
    window.close()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
