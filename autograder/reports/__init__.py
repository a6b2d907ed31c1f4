"""What people read of the results. TRUSTED SIDE; reads the gradebook and autograded/, never writes.

results        what a class did on an assignment: everything else here is made from it
class_report   the page for instructors, and the same as JSON and CSV
feedback       the page for a student
hidden         takes hidden tests out of what plain test cells show there
exports        marks for other systems
tables         CSV that no spreadsheet evaluates
figures        pictures as SVG
"""

from autograder.reports.exports import Canvas, Gradescope, Moodle
from autograder.reports.feedback import Feedback, HideTests, Summarise

__all__ = ["Canvas", "Feedback", "Gradescope", "HideTests", "Moodle", "Summarise"]
