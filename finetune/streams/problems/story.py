"""A story in the making: what was told so far, what it comes to, and the lines that work it out."""

from finetune.streams.draws import Draws
from finetune.streams.names import people, place
from finetune.streams.problems.measures import Form
from finetune.streams.problems.settings import (
    BESIDE,
    CHANGES,
    NUMBERS,
    PARTS,
    QUESTIONS,
    SETTINGS,
    STARTS,
    STEPS,
    TIMES,
)
from finetune.streams.problems.working import Told, Working


class Story:
    """A word problem. `tell` it once; `digress` from it as often as you like."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._setting = draws.choice(SETTINGS)
        stuff = draws.choice(tuple(self._setting.stuffs))
        self._measure = draws.choice(self._setting.stuffs[stuff])
        name, other = people(draws, 2)
        self._boxes = draws.choice(self._setting.boxes)
        self._fields = {"name": name, "other": other, "town": place(draws), "stuff": stuff, "boxes": self._boxes}
        self._total: Told = (0, "small")
        self.working = Working(self._measure)
        self.sentences: list[str] = []
        self.question = ""
        self.answer = ""

    def tell(self, steps: int) -> None:
        """Tell the whole story, of so many steps of arithmetic, and ask the question."""
        start = self._draws.choice(STARTS)
        asked = self._draws.choice([kind for kind in QUESTIONS if kind in self._setting.sentences])
        self._start(start)
        self._change(steps - STEPS[start] - STEPS[asked])
        if not self._ask(asked):
            # What is left cannot be divided: another change takes the place of the division.
            self._change(STEPS[asked])
            self._ask("left")

    def digress(self) -> None:
        """Put in a sentence that is of no matter, anywhere after the first."""
        sentences = self._draws.choice((BESIDE, self._setting.sentences["beside"]))
        a = self._measure.say(*self._amount(self._measure.most))
        number = 11 + self._draws.below(80)
        sentence = self._draws.choice(sentences).say(**self._fields, a=a, number=number)
        self.sentences.insert(1 + self._draws.below(len(self.sentences)), sentence)

    def _say(self, kind: str, **values: object) -> str:
        return self._draws.choice(self._setting.sentences[kind]).say(**self._fields, **values)

    def _told(self, amount: int) -> Told:
        return amount, self._draws.choice(self._measure.forms(amount))

    def _amount(self, most: int) -> Told:
        """An amount up to `most`, which is a grain at least."""
        grain = self._measure.grain
        return self._told(grain * (1 + self._draws.below(most // grain)))

    def _start(self, kind: str) -> None:
        say = self._measure.say
        a = self._amount(self._measure.most // (1 if kind == "start" else 4))
        if kind == "start":
            self.sentences.append(self._say(kind, a=say(*a)))
            self._total = a
        elif kind == "start two":
            b = self._amount(self._measure.most // 4)
            self.sentences.append(self._say(kind, a=say(*a), b=say(*b)))
            self._total = self.working.combine(a, "+", b)
        else:
            number = self._draws.choice(tuple(NUMBERS))
            self.sentences.append(self._say(kind, a=say(*a), n=number))
            self._total = self.working.scale(a, "*", NUMBERS[number])

    def _change(self, steps: int) -> None:
        """Tell what happens to the amount, in so many steps."""
        while steps:
            fitting = [kind for kind in CHANGES if kind in self._setting.sentences and STEPS[kind] <= steps]
            kind = self._draws.choice(fitting)
            if kind == "part":
                changed = self._part()
            elif kind == "times":
                changed = self._times()
            else:
                changed = self._flow(kind)
            steps -= STEPS[kind] if changed else 0

    def _flow(self, kind: str) -> bool:
        """Something more or less, at once or several times; False if there is too little for that."""
        sign = "+" if kind.startswith("more") else "-"
        number = self._draws.choice(tuple(NUMBERS)) if kind.endswith("many") else None
        most = self._measure.most // 2
        if sign == "-":
            most = min(most, self._total[0] - 1)
        if number:
            most //= NUMBERS[number]
        if most < self._measure.grain:
            return False
        a = self._amount(most)
        self.sentences.append(self._say(kind, a=self._measure.say(*a), n=number))
        change = self.working.scale(a, "*", NUMBERS[number]) if number else a
        self._total = self.working.combine(self._total, sign, change)
        return True

    def _times(self) -> bool:
        """Twice as much or more; False if there is much already."""
        if self._total[0] > self._measure.most:
            return False
        times = self._draws.choice(tuple(TIMES))
        self.sentences.append(self._say("times", times=times))
        self._total = self.working.scale(self._total, "*", TIMES[times])
        return True

    def _part(self) -> bool:
        """A part less; False if no part is a whole number of small units."""
        amount = self._total[0]
        parts = [part for part, number in PARTS.items() if amount % number == 0]
        if not parts:
            return False
        part = self._draws.choice(parts)
        self.sentences.append(self._say("part", part=part))
        self._total = self.working.ready(self._total, amount // PARTS[part])
        self._total = self.working.combine(self._total, "-", self.working.scale(self._total, "/", PARTS[part]))
        return True

    def _ask(self, kind: str) -> bool:
        """Ask the question and answer it; False if the amount cannot be divided as asked."""
        amount = self._total[0]
        divisors = [number for number, count in NUMBERS.items() if amount % count == 0]
        if kind in ("each", "fill") and not divisors:
            return False
        if kind == "fill":
            part = self._told(amount // NUMBERS[self._draws.choice(divisors)])
            self.question = self._say(kind, a=self._measure.say(*part))
            self.answer = f"{self.working.count(self._total, part)} {self._boxes}"
            return True
        if kind == "each":
            number = self._draws.choice(divisors)
            form = self._ask_in(kind, amount // NUMBERS[number], n=number)
            self._total = self.working.scale(self._total, "/", NUMBERS[number])
        elif kind == "need":
            missing = self._amount(self._measure.most)[0]
            needed = self._told(amount + missing)
            form = self._ask_in(kind, missing, a=self._measure.say(*needed))
            self._total = self.working.combine(needed, "-", self._total)
        else:
            form = self._ask_in(kind, amount)
        self.answer = self._measure.say(*self.working.convert(self._total, form))
        return True

    def _ask_in(self, kind: str, result: int, **values: object) -> Form:
        """Ask for an amount in a unit that can tell it."""
        form = self._draws.choice(self._measure.forms_of_answer(result))
        self.question = self._say(kind, **values, unit=self._measure.small if form == "small" else self._measure.big)
        return form
