from psychopy import event, visual

from psychopy_nfb import FeedbackBar, Neurofeedback, standard_training

training = standard_training(channels="Oz", band=(8, 12))  # alpha at the back of the head, up

with Neurofeedback(training, data="data") as nfb:  # the EEG is found on LSL
    win = visual.Window(fullscr=True, units="height", color="black")
    nfb.attach(win)  # reads just before each flip, and logs it
    cross = visual.TextStim(win, "+", height=0.1)
    bar = FeedbackBar(win, size=(0.1, 0.6))

    with nfb.baseline():
        for _ in nfb.frames(seconds=30):
            cross.draw()

    with nfb.block("training"):
        for _ in nfb.frames(seconds=60):
            bar.value = nfb.value  # 0 to 1, from an EEG sample a few milliseconds old
            bar.draw()
            if event.getKeys(["escape"]):
                break
    win.close()
print(f"{nfb.score:g} points; files: {nfb.files}")
