"""Questions that an exam in probability may ask."""

from typing import Any


def _question(text: str, right: int, *choices: str) -> dict[str, Any]:
    return {"text": text, "choices": list(choices), "right": right}


QUESTIONS: list[dict[str, Any]] = [
    _question("A fair coin is tossed three times. How likely are exactly two heads?", 1, "1/4", "3/8", "1/2", "2/3"),
    _question("Two fair dice are thrown. Which sum is the most likely?", 2, "5", "6", "7", "8"),
    _question(
        "A test finds 99 % of the sick and is wrong for 5 % of the healthy. One person in a hundred is sick. "
        "How likely is a person with a positive test to be sick?",
        0,
        "About 17 %",
        "About 50 %",
        "About 95 %",
        "About 99 %",
    ),
    _question("A and B are independent. P(A) = 0.5 and P(B) = 0.4. What is P(A or B)?", 2, "0.9", "0.2", "0.7", "0.45"),
    _question(
        "Which of these does the law of large numbers promise?",
        3,
        "After many heads a tail is due",
        "The number of heads equals the number of tails in the end",
        "Every sample looks like the whole",
        "The average of many throws comes close to the expected value",
    ),
    _question("The variance of X is 4. What is the variance of 3X + 1?", 3, "12", "13", "37", "36"),
    _question(
        "Behind one of three doors is a car. You choose one; the host, who knows, opens another and shows a goat. "
        "Should you change?",
        0,
        "Yes: it doubles the chance",
        "No: it halves the chance",
        "It makes no difference",
    ),
    _question(
        "How many people are needed for an even chance that two of them share a birthday?", 1, "13", "23", "183", "366"
    ),
]
