"""The wx app has a Python of its own: what runs there is not gone through for doctests here."""

collect_ignore = ["device_dialogs.py", "launcher.py"]
