"""The words that rules are drawn with. The lists share no word, so that no two rules ask for opposite things."""

# Words that a text on nearly any subject can take in.
_KEYWORDS = """
    animal autumn box bridge butter camera candle castle circle coffee corner cotton desert dinner doctor engine
    evening family farmer feather fire flower forest friend garden gentle glass harvest history holiday honest
    island jewel journey kitchen ladder language lantern letter library market memory mirror morning mountain museum
    music ocean orange painting paper picture planet pocket puzzle quilt river school season secret shadow silver
    sister stone storm street summer teacher thunder ticket travel tree village water weather window winter wonder
"""
KEYWORDS = tuple(_KEYWORDS.split())

# Words to be used a number of times.
_REPEATED = """
    answer balance change choice detail dream effort energy future goal habit idea lesson light moment nature order
    patience pattern place plan practice problem promise purpose question reason result signal sound space story
    strength success surprise system task value voice
"""
REPEATED = tuple(_REPEATED.split())

# Words that come of themselves in nearly any text, and that nobody needs.
_AVOIDED = """
    also always amazing another because become being best better both certain different each enough especially even
    every example great help however important include instead just known large like main major make many more most
    much need never often only other people really simply since small some something still such sure thing through
    time together truly unique used useful various very well while without world
"""
AVOIDED = tuple(_AVOIDED.split())

# Words that a paragraph can begin with.
_FIRST_WORDS = """
    after although before during finally first imagine later meanwhile next once perhaps second sometimes soon
    suddenly then today usually yesterday
"""
FIRST_WORDS = tuple(_FIRST_WORDS.split())
