"""Word sorting: a chat that asks for a list of words in alphabetical order. A generated stream: it reads nothing.

It exists for rehearsals: a tiny model learns it in seconds, one skill after another (which words there are, which of
them were asked for, and in which order), so that a better trained model wins nearly every sample.
"""

from dataclasses import dataclass

from finetune.streams.draws import Draws
from finetune.streams.options import whole_number
from finetune.streams.sample import AnySample, Message, Sample
from finetune.streams.wordings import only_message, readings, wordings

_LIST = """
    acorn agent amber angle apple arch arrow atlas attic bacon badge baker basil beach bell berry birch blade bloom
    boat bonus brick brook brush cabin cable camel canal candy canoe cargo cedar chalk chess cider cliff cloud clover
    coast cobra coral crane crown daisy dance delta diary disco ditch dove draft dream drum dune eagle earth easel
    ebony echo elbow elm ember engine epoch fable falcon fern ferry fiber flag flame flint flute forest fossil fox
    frost garden gate ginger glass globe glove goat grain grape gravel guitar gull habit hammer harbor hat hazel hedge
    heron hill honey horse hotel hut icicle igloo inch index ink iris iron island ivory ivy jacket jade jam jazz jelly
    jewel judge jungle kayak kettle key king kite kiwi knee knot koala label lace ladder lake lamp lemon level lily
    lion lobby locket lotus lunar magnet maple marble meadow melon metal mint mirror moon moss motor mural myth napkin
    nectar needle nest night noble north novel nut oak oasis ocean olive onion opal orbit orchid otter oven owl oxygen
    paint palm panda paper pearl pepper piano pilot plum pond prism pulse quail quartz queen quest quilt quince quiver
    quote rabbit radio raft rain raven reef ribbon river robin rocket rose ruby saddle salt sand scarf seed shell silk
    spoon stone sugar table tango teapot thorn tiger timber torch tower train tulip tunnel umpire union unit urchin
    usher utopia valley vapor vase velvet vest vine violin vista voice volcano wagon walnut water wheat whale willow
    window wolf xenon xylem yacht yak yard yarn yeast yellow yield yogurt zebra zenith zero zinc zipper zone zoo zoom
"""
WORDS = tuple(_LIST.split())
WORDINGS = wordings(
    {"words": "[a-z, \n]+"},
    "Sort: {words}",
    "Sort these words: {words}",
    "Put in order: {words}",
    "Put these in A to Z order: {words}",
    "Alphabetical order, please: {words}",
    "Which order from A to Z? {words}",
    "{words}\nSort these.",
    "{words}\nSort them from A to Z.",
)
SEPARATORS = (" ", ", ", "\n")


@dataclass(frozen=True, kw_only=True)
class WordSorting:
    """Draws `min_words` to `max_words` different words, each count equally likely.

    Of the 270 words there are 2 * 10^8 sets of four and 6 * 10^14 of eight: knowing them by heart is no way to win.
    """

    min_words: int = 4
    max_words: int = 8

    def __post_init__(self) -> None:
        whole_number("word_sorting", "min_words", self.min_words, least=2, most=len(WORDS))
        whole_number("word_sorting", "max_words", self.max_words, least=self.min_words, most=len(WORDS))

    def draw(self, seed: bytes) -> Sample:
        """The sample of one 32-byte seed: the words as asked for, and the same words sorted, one space apart."""
        draws = Draws(seed)
        words = draws.distinct(WORDS, self.min_words + draws.below(self.max_words - self.min_words + 1))
        question = draws.choice(WORDINGS).say(words=draws.choice(SEPARATORS).join(words))
        answer = " ".join(sorted(words))
        return Sample(messages=(Message(role="user", content=question),), reference=answer, document=answer)


def is_true(sample: AnySample) -> bool:
    """Whether the reference is the words that the question shows, of which none comes twice, in order."""
    if not isinstance(sample, Sample):
        return False
    for reading in readings(WORDINGS, only_message(sample.messages) or ""):
        for words in (reading["words"].split(separator) for separator in SEPARATORS):
            if len(set(words)) == len(words) > 1 and all(word.isalpha() for word in words):
                return sample.reference == sample.document == " ".join(sorted(words))
    return False
