"""Starting one child process that can read what it is given, write nowhere, reach no network and outlive nobody.

`trial.find_level` says how well this machine can do it, `process.launch` does it.
"""
