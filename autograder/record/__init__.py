"""What was found about one exercise: the report, how it is shown, and how it is stored.

BOTH SIDES; standard library only. A report that counts is made on the trusted side alone.

    outcome  how a check ends, and in which way it failed
    report   the checks of an exercise with their outcomes, and the same as JSON
    render   a report as text and HTML
    shown    text that a terminal shows as it is; everything that is printed
    record.schema.json   the JSON, for programs of other people
"""
