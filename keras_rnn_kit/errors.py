"""The one error a user's mistake raises.

Every message is one sentence that gives the rule, what was received and what to do. The commands
in `recipes/` and `export/` print it without a traceback; everything else that is raised is a bug.
"""


class KitError(ValueError):
    """A wrong argument, file or model, told in one sentence."""
