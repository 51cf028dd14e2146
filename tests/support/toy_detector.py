"""What the tests of `DCVAEDetector` are fitted to and score, and settings that make that quick."""

from support.script_tools import SETTINGS, toy_frame

TOY = {key: value for key, value in SETTINGS.items() if key != "summary"}
QUICK = {"T": 4, "cnn_units": [4], "dil_rate": [1, 2], "J": 1, "epochs": 1, "steps_per_epoch": 2}
NORMAL, DATA = toy_frame(240), toy_frame(120, seed=1, start="2021-04-01")
DATA.iloc[50:56, 1] += 40.0
