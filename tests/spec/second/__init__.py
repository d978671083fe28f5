"""A second, slow and simple reading of the billing rules, to disagree with the first.

Written from the rules page and the page on case files alone; it imports nothing of the product,
takes a case file as plain dicts and gives `{"lines", "shortfalls", "warnings"}` as plain dicts.
It prefers the long way: every cut of every entry is looked at by itself, every line is worked
out again without the late and without the mixed entries, dates are counted by hand.

Where the page leaves a choice, the reading taken stands beside the line that takes it, after the
word "Reading:".
"""

from tests.spec.second.answer import answer as answer
