"""English words that carry grammar and little meaning.

Negations (not, no, nor, never, none, nothing, without, cannot and every ...n't) and words that
turn a sentence round (but, although, however, too, very, only) are left out on purpose: a
classifier of sentiments needs them.

Example:
    >>> "the" in ENGLISH, "not" in ENGLISH
    (True, False)
"""

_WORDS = """
a an the this that these those
i me my mine myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
i'm you're he's she's it's we're they're i've you've we've they've
i'd you'd he'd she'd we'd they'd i'll you'll he'll she'll it'll we'll they'll
that's there's here's what's who's let's
am is are was were be been being have has had having do does did doing done
will would shall should can could may might must
and or if then than so as because while until since
of at by for with about into onto through during before after above below to from up down
in on off over under out upon between among within along around near
who whom whose which what when where why how
here there again once also just own same such both each any some other another
"""

ENGLISH = frozenset(_WORDS.split())
